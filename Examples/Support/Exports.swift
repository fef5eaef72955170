// JSON, without the rest of Foundation where that can be had: it doubles the time that a program takes to start.
#if canImport(FoundationEssentials)
    @_exported import FoundationEssentials
#else
    @_exported import Foundation
#endif
