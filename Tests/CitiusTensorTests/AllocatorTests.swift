import Testing

@testable import CitiusTensor

@Suite struct AllocatorTests {
    @Test func sizeClassesWasteAtMostAQuarter() {
        var last = 0
        for size in Array(0...5_000) + [1 << 20, 1 << 20 + 1, 3_000_000, 1 << 31] {
            let sizeClass = CachingAllocator.SizeClass(for: size).size
            #expect(sizeClass >= size)
            #expect(size <= 256 || Double(sizeClass) <= 1.25 * Double(size) + 64)
            #expect(sizeClass % 64 == 0)
            #expect(sizeClass >= last)
            last = sizeClass
        }
    }

    @Test func eachSizeHasOneNumber() {
        var sizes: [Int: Int] = [:]
        for size in Array(1...5_000) + (0..<Int.bitWidth - 2).flatMap({ [1 << $0, (1 << $0) + 1] }) {
            let sizeClass = CachingAllocator.SizeClass(for: size)
            #expect((0..<CachingAllocator.SizeClass.count).contains(sizeClass.number))
            #expect(
                sizes.updateValue(sizeClass.size, forKey: sizeClass.number) ?? sizeClass.size
                    == sizeClass.size)
        }
        #expect(Set(sizes.values).count == sizes.count)
    }

    @Test func blocksAreKeptAndHandedOutAgain() {
        let allocator = CachingAllocator(cacheLimit: 1_000_000)
        let first = allocator.allocate(byteCount: 100_000)
        #expect(Int(bitPattern: first) % 64 == 0)
        allocator.deallocate(first, byteCount: 100_000)
        #expect(allocator.statistics.bytesCached >= 100_000)
        let second = allocator.allocate(byteCount: 99_000)
        #expect(second == first)
        #expect(allocator.statistics.systemAllocations == 1)
        #expect(allocator.statistics.allocations == 2)
        #expect(allocator.statistics.bytesCached == 0)
        allocator.deallocate(second, byteCount: 99_000)
        allocator.emptyCache()
        #expect(allocator.statistics.bytesCached == 0)
        #expect(allocator.statistics.bytesInUse == 0)
        #expect(allocator.statistics.peakBytesInUse >= 100_000)
    }

    @Test func theCacheHasALimit() {
        let allocator = CachingAllocator(cacheLimit: 50_000)
        let blocks = (0..<4).map { _ in allocator.allocate(byteCount: 20_000) }
        for block in blocks { allocator.deallocate(block, byteCount: 20_000) }
        #expect(allocator.statistics.bytesCached <= 50_000)
        #expect(allocator.statistics.bytesInUse == 0)
        allocator.emptyCache()
    }

    @Test func largeBlocksStartOnHugePages() {
        let allocator = CachingAllocator(cacheLimit: 0)
        let block = allocator.allocate(byteCount: 5 << 20)
        #expect(Int(bitPattern: block) % (2 << 20) == 0)
        allocator.deallocate(block, byteCount: 5 << 20)
    }
}
