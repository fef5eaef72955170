import CitiusHDF5
import CitiusPlatform
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusKeras

@Suite struct ZipArchiveTests {
    private let members: [(name: String, content: [UInt8])] = [
        ("config.json", Array("{}".utf8)), ("empty", []),
        ("é", (0..<5_000).map { UInt8(truncatingIfNeeded: $0) }),
    ]

    @Test func membersComeBack() throws {
        let bytes = try ZipArchive.bytes(of: members)
        let archive = try ZipArchive(bytes)
        for (name, content) in members { #expect(try archive.member(named: name) == content) }
        #expect(try archive.member(named: "none") == nil)
        #expect(try ZipArchive.bytes(of: members) == bytes, "the same members give the same bytes")
        // Stored as they are.
        #expect(bytes.count > 5_002 && bytes.count < 5_600)
    }

    @Test func otherBytesAreRefused() throws {
        for bytes in [[], Array("<html>".utf8), [UInt8](repeating: 0, count: 1_000)] {
            let error = #expect(throws: KerasFileError.self) { try ZipArchive(bytes) }
            #expect(error?.kind == .malformed)
            #expect(error?.description.hasPrefix("the bytes is no zip archive") == true)
        }
    }

    @Test func damageIsSeen() throws {
        var bytes = try ZipArchive.bytes(of: members)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [200, 201, 202, 203]) })
        bytes[place] ^= 1
        let archive = try ZipArchive(bytes)
        let error = #expect(throws: KerasFileError.self) { try archive.member(named: "é") }
        #expect(error?.kind == .malformed)
        #expect(try archive.member(named: "config.json") == Array("{}".utf8))
    }
}

@Suite struct HDF5Tests {
    private func tree() -> HDF5.Group {
        var root = HDF5.Group()
        root.withGroup(at: "layers/dense/vars".split(separator: "/")) { group in
            group.name = "first é"
            group.datasets = [
                ("0", Tensor([1, -0.5, .infinity, 4, 5, 6] as [Float], shape: [2, 3])),
                ("1", Tensor(0.1 as Double)),
                ("2", Tensor([.min, .max] as [Int32])), ("3", Tensor([.min, .max] as [Int64])),
                ("4", Tensor([0, 255] as [UInt8])), ("5", Tensor([true, false, true])),
                ("6", Tensor(zeros: [0, 4])),
            ]
        }
        root.withGroup(at: ["optimizer", "vars"]) { $0.datasets = [("0", Tensor(7 as Int32))] }
        root.withGroup(at: ["vars"]) { $0.name = "model" }
        return root
    }

    @Test func dataComesBack() throws {
        let bytes = try HDF5.bytes(of: tree())
        #expect(try HDF5.bytes(of: tree()) == bytes, "the same groups give the same bytes")
        let root = try HDF5.read(bytes)
        #expect(root.groups.map(\.name) == ["layers", "optimizer", "vars"])
        #expect(root.group(at: "vars")?.name == "model")
        #expect(root.group(at: "layers")?.name == nil)
        let vars = try #require(root.group(at: "layers/dense/vars"))
        #expect(vars.name == "first é")
        #expect(vars.datasets.map(\.name) == ["0", "1", "2", "3", "4", "5", "6"])
        let kernel = try #require(vars.tensor(named: "0"))
        #expect(kernel.shape == [2, 3])
        #expect(kernel.elements() == [1, -0.5, .infinity, 4, 5, 6] as [Float])
        #expect(vars.tensor(named: "1")?.shape == [])
        #expect(vars.tensor(named: "1")?.elements() == [0.1] as [Double])
        #expect(vars.tensor(named: "2")?.elements() == [.min, .max] as [Int32])
        #expect(vars.tensor(named: "3")?.elements() == [.min, .max] as [Int64])
        #expect(vars.tensor(named: "4")?.elements() == [0, 255] as [UInt8])
        #expect(vars.tensor(named: "5")?.elements() == [true, false, true])
        #expect(vars.tensor(named: "6")?.shape == [0, 4])
        #expect(vars.tensor(named: "7") == nil)
        #expect(root.group(at: "layers/none") == nil)
        #expect(root.group(at: "optimizer/vars")?.tensor(named: "0")?.element(as: Int32.self) == 7)
    }

    @Test func otherBytesAreRefused() throws {
        let whole = try HDF5.bytes(of: tree())
        for bytes in [
            [], Array("<html>".utf8), Array(whole.prefix(100)), Array(whole.prefix(whole.count / 2)),
        ] {
            let error = #expect(throws: KerasFileError.self) { try HDF5.read(bytes) }
            #expect(error?.kind == .malformed, "\(bytes.count) bytes")
        }
    }

    @Test func nestingIsLimited() throws {
        var root = HDF5.Group()
        root.withGroup(at: [Substring](repeating: "a", count: HDF5.depthLimit)) { $0.name = "deepest" }
        #expect(throws: Never.self) { try HDF5.read(HDF5.bytes(of: root)) }
        root.withGroup(at: [Substring](repeating: "a", count: HDF5.depthLimit + 1)) { $0.name = "too deep" }
        let error = #expect(throws: KerasFileError.self) { try HDF5.read(HDF5.bytes(of: root)) }
        #expect(error?.kind == .forbidden)
    }

    // MARK: What a file of Keras must not have

    /// The bytes of a file that the C library made.
    private func file(_ body: (hid_t) -> Void) throws -> [UInt8] {
        // Other tests read at the same time.
        try HDF5.lock.withLock { _ in
            citius_h5_prepare()
            let file = citius_h5_create()
            defer { H5Fclose(file) }
            body(file)
            try #require(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0)
            var bytes = [UInt8](repeating: 0, count: H5Fget_file_image(file, nil, 0))
            try #require(H5Fget_file_image(file, &bytes, bytes.count) == bytes.count)
            return bytes
        }
    }

    /// A data set of float32 with properties of its own, never written.
    private func addDataset(_ file: hid_t, _ sizes: [hsize_t], _ prepare: (hid_t) -> Void) {
        let space = H5Screate_simple(Int32(sizes.count), sizes, nil)
        let properties = H5Pcreate(citius_h5_dataset_creation())
        prepare(properties)
        let dataset = H5Dcreate2(file, "data", citius_h5_float32(), space, 0, properties, 0)
        #expect(dataset >= 0)
        H5Dclose(dataset)
        H5Pclose(properties)
        H5Sclose(space)
    }

    private func refusal(_ bytes: [UInt8]) -> KerasFileError? {
        #expect(throws: KerasFileError.self) { try HDF5.read(bytes) }
    }

    @Test func linksAreRefused() throws {
        let soft = try file { H5Lcreate_soft("/elsewhere", $0, "soft", 0, 0) }
        #expect(refusal(soft)?.kind == .forbidden)
        #expect(refusal(soft)?.description.contains("\"soft\" is a link to another place") == true)
        let external = try file { H5Lcreate_external("/etc/passwd", "/", $0, "external", 0, 0) }
        #expect(refusal(external)?.kind == .forbidden)
    }

    @Test func cyclesEnd() throws {
        let cycle = try file { file in
            let group = citius_h5_create_group(file, "a")
            H5Lcreate_hard(file, "/", group, "up", 0, 0)
            H5Gclose(group)
        }
        #expect(refusal(cycle)?.kind == .forbidden)
    }

    @Test func dataElsewhereIsRefused() throws {
        let external = try file { file in
            addDataset(file, [4]) { H5Pset_external($0, "/etc/passwd", 0, 16) }
        }
        #expect(refusal(external)?.kind == .forbidden)
        #expect(refusal(external)?.description.contains("lie in another file") == true)
        let virtual = try file { file in
            addDataset(file, [4]) { properties in
                let space = H5Screate_simple(1, [4], nil)
                H5Pset_virtual(properties, space, "/etc/passwd", "data", space)
                H5Sclose(space)
            }
        }
        #expect(refusal(virtual)?.kind == .forbidden)
    }

    @Test func bombsAreRefused() throws {
        let bomb = try file { file in
            addDataset(file, [1 << 30]) { H5Pset_chunk($0, 1, [1 << 20]) }
        }
        let before = Allocator.statistics.peakBytesInUse
        #expect(refusal(bomb)?.kind == .unsupported)
        let neverWritten = try file { file in addDataset(file, [1 << 30]) { _ in } }
        #expect(refusal(neverWritten)?.kind == .malformed)
        let uncountable = try file { file in addDataset(file, [1 << 32, 1 << 28]) { _ in } }
        #expect(refusal(uncountable)?.kind == .tooLarge)
        #expect(Allocator.statistics.peakBytesInUse - before < 1 << 26)
    }

    /// Bytes that many things share would make a small file take hours, or all memory.
    @Test func bytesAreReadOnce() throws {
        var root = HDF5.Group()
        for index in 0..<64 {
            root.groups.append(("g\(index)", HDF5.Group(name: "a")))
            root.datasets.append(("\(index)", Tensor(repeating: Float(index), shape: [100])))
        }
        let whole = try HDF5.bytes(of: root)
        #expect(try HDF5.read(whole).datasets.count == 64)
        // Nodes of trees that lead to themselves or to each other.
        let trees = whole.indices.filter { whole[$0...].starts(with: Array("TREE".utf8)) }
        let nodes = whole.indices.filter { whole[$0...].starts(with: Array("SNOD".utf8)) }
        #expect(trees.count == 65 && nodes.count > 4)
        for (place, target, level) in [
            (trees[0], trees[0], 0), (trees[0], trees[0], 1), (trees[0], trees[1], 1),
            (trees[0], trees[0], 255),
        ] {
            var bytes = whole
            bytes[place + 5] = UInt8(level)
            set(&bytes, place + 32, target)
            #expect(refusal(bytes)?.kind == .malformed)
        }
        // Entries that all lead to one group, or data sets that lie over each other.
        for entry in nodes {
            var bytes = whole
            for index in 0..<Int(bytes[entry + 6]) { set(&bytes, entry + 16 + 40 * index, 96) }
            #expect(refusal(bytes)?.kind == .forbidden)
        }
        var bytes = whole
        // A layout of version 3 in one piece of 400 bytes, ahead of the 64 data sets' places.
        let layouts = whole.indices.dropLast(18).filter {
            whole[$0] == 3 && whole[$0 + 1] == 1 && number(whole, $0 + 10) == 400
        }
        #expect(layouts.count == 64)
        for place in layouts {
            set(&bytes, place + 2, 0)
            set(&bytes, place + 10, whole.count)
        }
        #expect(refusal(bytes)?.kind == .malformed)
        // With the sizes of the shapes right too, the first two eat up what may be read.
        for place in whole.indices.dropLast(24)
        where whole[place...].starts(with: [1, 1, 1, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0]) {
            set(&bytes, place + 8, whole.count / 4)
            set(&bytes, place + 16, whole.count / 4)
        }
        for place in layouts { set(&bytes, place + 10, whole.count / 4 * 4) }
        #expect(refusal(bytes)?.kind == .malformed)
    }

    private func set(_ bytes: inout [UInt8], _ place: Int, _ value: Int) {
        for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    private func number(_ bytes: [UInt8], _ place: Int) -> Int {
        bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | Int(truncatingIfNeeded: $1) }
    }

    /// Trees of several levels, names in one heap.
    @Test func largeGroupsComeBack() throws {
        var root = HDF5.Group()
        for index in 0..<2_000 { root.datasets.append(("\(index)", Tensor(Int32(index)))) }
        let read = try HDF5.read(HDF5.bytes(of: root))
        #expect(read.datasets.map(\.name) == (0..<2_000).map { "\($0)" }.sorted())
        for (name, tensor) in read.datasets { #expect(tensor.element(as: Int32.self) == Int32(name)) }
    }

    /// libhdf5 converts the values to other types of numbers; what is read are the values.
    @Test func otherNumbersAreRead() throws {
        let values: [Double] = [1, -2, 0, 100, 0.5, 65_504, .infinity, 6e-8]
        let integers = [1, -2, 0, 100].map { Double($0) }
        func read(_ values: [Double], _ type: hid_t, _ prepare: (hid_t) -> Void = { _ in }) throws -> Tensor {
            let bytes = try file { file in
                let copy = H5Tcopy(type)
                prepare(copy)
                let space = H5Screate_simple(1, [hsize_t(values.count)], nil)
                let dataset = H5Dcreate2(file, "data", copy, space, 0, 0, 0)
                #expect(H5Dwrite(dataset, citius_h5_float64(), 0, 0, 0, values) >= 0)
                H5Dclose(dataset)
                H5Sclose(space)
                H5Tclose(copy)
            }
            return try #require(try HDF5.read(bytes).tensor(named: "data"))
        }
        let bigEndian = { (type: hid_t) in _ = H5Tset_order(type, H5T_ORDER_BE) }
        /// As h5py makes NumPy's float16, and ml_dtypes' bfloat16.
        func small(_ exponent: Int, _ mantissa: Int) -> (hid_t) -> Void {
            { type in
                H5Tset_fields(type, 15, mantissa, exponent, 0, mantissa)
                H5Tset_size(type, 2)
                H5Tset_ebias(type, 1 << (exponent - 1) - 1)
            }
        }
        #expect(try read(values, citius_h5_float64()).elements() == values)
        #expect(try read(values, citius_h5_float64(), bigEndian).elements() == values)
        #expect(try read(values, citius_h5_float32(), bigEndian).elements() == values.map { Float($0) })
        let half = try read(values, citius_h5_float32(), small(5, 10))
        #expect(half.elements() == values.map { $0 == 6e-8 ? 0x1p-24 : Float($0) } as [Float])
        let brain = try read([1, -2, 0, 100, 0.5, .infinity], citius_h5_float32(), small(8, 7))
        #expect(brain.elements() == [1, -2, 0, 100, 0.5, .infinity] as [Float])
        #expect(try read(integers, citius_h5_int32(), bigEndian).elements() == [1, -2, 0, 100] as [Int32])
        #expect(try read(integers, citius_h5_int64(), bigEndian).elements() == [1, -2, 0, 100] as [Int64])
        #expect(try read(integers, citius_h5_int8()).elements() == [1, -2, 0, 100] as [Int32])
        let short = { (type: hid_t) in _ = H5Tset_size(type, 2) }
        #expect(try read(integers, citius_h5_int32(), short).elements() == [1, -2, 0, 100] as [Int32])
        let unsigned = { (type: hid_t) in _ = H5Tset_sign(type, H5T_SGN_NONE) }
        #expect(try read([3e9], citius_h5_int32(), unsigned).elements() == [3_000_000_000] as [Int64])
    }

    @Test func dataWithinTheHeaderIsRead() throws {
        let compact = try file { file in
            let space = H5Screate_simple(1, [3], nil)
            let properties = H5Pcreate(citius_h5_dataset_creation())
            H5Pset_layout(properties, H5D_COMPACT)
            let dataset = H5Dcreate2(file, "data", citius_h5_float32(), space, 0, properties, 0)
            #expect(H5Dwrite(dataset, citius_h5_float32(), 0, 0, 0, [1, 2, 3] as [Float]) >= 0)
            H5Dclose(dataset)
            H5Pclose(properties)
            H5Sclose(space)
        }
        #expect(try HDF5.read(compact).tensor(named: "data")?.elements() == [1, 2, 3] as [Float])
    }

    @Test func otherTypesOfElementsAreNamed() throws {
        let text = try file { file in
            let type = H5Tcopy(citius_h5_string())
            let space = H5Screate(H5S_SCALAR)
            H5Dclose(H5Dcreate2(file, "text", type, space, 0, 0, 0))
            H5Sclose(space)
            H5Tclose(type)
        }
        #expect(refusal(text)?.kind == .unsupported)
        #expect(refusal(text)?.description.contains("\"text\" are of a type that no Tensor holds") == true)
    }
}
