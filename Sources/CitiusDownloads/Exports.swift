// What is downloaded is data: users of one need the other's names.
@_exported import CitiusData
