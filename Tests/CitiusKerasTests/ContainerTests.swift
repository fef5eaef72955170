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
        #expect(refusal(bomb)?.kind == .tooLarge)
        let uncountable = try file { file in
            addDataset(file, [1 << 40, 1 << 40]) { H5Pset_chunk($0, 2, [1, 1]) }
        }
        #expect(refusal(uncountable)?.kind == .tooLarge)
        #expect(Allocator.statistics.peakBytesInUse - before < 1 << 26)
        // What is small may be filled with zeros.
        let empty = try file { file in addDataset(file, [100]) { H5Pset_chunk($0, 1, [10]) } }
        #expect(try HDF5.read(empty).tensor(named: "data")?.elements() == [Float](repeating: 0, count: 100))
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
