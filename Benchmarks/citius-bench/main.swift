import Citius
