import CitiusTensor

extension HDF5 {
    /// Groups within each other.
    static let depthLimit = 32

    /// Reads a file whole.
    ///
    /// - Parameter name: what messages call the file.
    package static func read(_ bytes: [UInt8], name: String = "the bytes") throws(KerasFileError) -> Group {
        var reader = HDF5Reader(bytes, name: name)
        return try reader.root()
    }
}

/// Reads the form of HDF5 that h5py, and so Keras, writes: version 0 of the format, with groups as B-trees of symbols,
/// and data sets in one piece.
///
/// Whatever the bytes, it ends with the groups or with an error, in time and memory of the order of the file's size:
/// every read lies within the file, and takes its bytes from a budget of as many as the file has. A file in which no two
/// things share bytes needs no more; one with cycles, or with a thousand data sets over the same bytes, runs out of it.
///
/// Follows "HDF5 File Format Specification", version 3.0, whose sections are named below.
struct HDF5Reader {
    let bytes: [UInt8]
    private let file: String
    /// Where the file ends by its own account.
    private var end: Int
    /// Bytes that may still be read.
    private var budget: Int
    /// The headers of objects that were read.
    private var seen: Set<Int> = []
    /// The global heaps that were read: the places of their objects by heap and index.
    private var heaps: [Int: [Int: Range<Int>]] = [:]

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        file = name
        end = bytes.count
        budget = bytes.count
    }

    /// Where something is undefined.
    private static let nowhere = -1

    // MARK: Bytes

    /// The place of so many bytes, which are about to be read.
    private mutating func claim(_ start: Int, _ count: Int, _ path: String) throws(KerasFileError) -> Range<
        Int
    > {
        guard start >= 0, count >= 0, start <= end, count <= end - start, count <= budget else {
            throw damaged(path)
        }
        budget -= count
        return start..<start + count
    }

    /// A number without sign, of up to eight bytes, within what was claimed; `nowhere` if it has the highest bit of eight.
    func number(_ start: Int, _ width: Int) -> Int {
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[start + index]) }
        return Int(exactly: value) ?? Self.nowhere
    }

    private func starts(_ start: Int, with signature: String) -> Bool {
        bytes[start...].starts(with: signature.utf8)
    }

    // MARK: The file (II.A, superblock)

    mutating func root() throws(KerasFileError) -> HDF5.Group {
        let noFile = KerasFileError(
            .malformed, "\(file) is no HDF5 file, or a damaged one. Copy or download it again.")
        guard bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count > 96 else {
            throw noFile
        }
        let version = bytes[8]
        guard version <= 1 else {
            throw unsupported("it is of a version of HDF5 that Keras does not write, superblock \(version)")
        }
        guard bytes[13] == 8, bytes[14] == 8 else {
            throw unsupported("its addresses have \(bytes[13]) bytes, expected 8")
        }
        let addresses = version == 0 ? 24 : 28
        guard number(addresses, 8) == 0, case let stated = number(addresses + 16, 8), stated <= bytes.count,
            stated > 96
        else { throw noFile }
        end = stated
        _ = try claim(0, 96, "")
        guard case .group(let group) = try member(at: number(addresses + 40, 8), "", depth: 0) else {
            throw unsupported("its root is no group")
        }
        return group
    }

    // MARK: Objects (IV.A, object headers)

    /// A message of an object's header.
    private struct Message {
        let kind: Int
        let isShared: Bool
        let content: Range<Int>
    }

    /// Kinds of messages.
    private enum Kind {
        static let (dataspace, linkInfo, datatype, link, external, layout) = (0x1, 0x2, 0x3, 0x6, 0x7, 0x8)
        static let (filters, attribute, continuation, symbols) = (0xB, 0xC, 0x10, 0x11)
    }

    private enum Member {
        case group(HDF5.Group)
        case dataset(Tensor)
    }

    private mutating func member(at address: Int, _ path: String, depth: Int) throws(KerasFileError) -> Member
    {
        guard seen.insert(address).inserted else {
            throw KerasFileError(
                .forbidden,
                "\(file): \(quoted(path)) is a second name of what has one already, which Keras never writes."
            )
        }
        let messages = try messages(at: address, path)
        if let symbols = messages.first(where: { $0.kind == Kind.symbols }) {
            return .group(try group(symbols, messages, path, depth))
        }
        if messages.contains(where: { $0.kind == Kind.linkInfo || $0.kind == Kind.link }) {
            throw KerasFileError(
                .forbidden,
                "\(file): \(path.isEmpty ? "its root group" : quoted(path)) holds links of a form that Keras does not "
                    + "write, such as those to other files.")
        }
        guard messages.contains(where: { $0.kind == Kind.layout }) else {
            throw KerasFileError(
                .unsupported, "\(file): \(quoted(path)) is neither a group nor a data set.")
        }
        return .dataset(try dataset(messages, path))
    }

    private mutating func messages(at address: Int, _ path: String) throws(KerasFileError) -> [Message] {
        let prefix = try claim(address, 16, path).lowerBound
        guard bytes[prefix] == 1 else {
            // One of version 2 says so by its signature.
            throw starts(prefix, with: "OHDR")
                ? unsupported("\(quoted(path)) is of a newer form than Keras writes") : damaged(path)
        }
        let count = number(prefix + 2, 2)
        var messages: [Message] = []
        var blocks = [try claim(prefix + 16, number(prefix + 8, 4), path)]
        var place = 0
        while place < blocks.count {
            var rest = blocks[place]
            while rest.count >= 8, messages.count < count {
                let size = number(rest.lowerBound + 2, 2)
                guard size <= rest.count - 8 else { throw damaged(path) }
                let content = rest.lowerBound + 8..<rest.lowerBound + 8 + size
                let kind = number(rest.lowerBound, 2)
                messages.append(
                    Message(kind: kind, isShared: bytes[rest.lowerBound + 4] & 2 != 0, content: content))
                if kind == Kind.continuation {
                    guard size >= 16 else { throw damaged(path) }
                    blocks.append(
                        try claim(number(content.lowerBound, 8), number(content.lowerBound + 8, 8), path))
                }
                rest = content.upperBound..<rest.upperBound
            }
            place += 1
        }
        guard messages.count == count else { throw damaged(path) }
        return messages
    }

    // MARK: Groups (III.A, B-trees of version 1; III.B, symbol tables; III.D, local heaps)

    private mutating func group(
        _ symbols: Message, _ messages: [Message], _ path: String, _ depth: Int
    ) throws(KerasFileError) -> HDF5.Group {
        guard depth <= HDF5.depthLimit else {
            throw KerasFileError(
                .forbidden, "\(file): \(quoted(path)) lies in more than \(HDF5.depthLimit) groups.")
        }
        guard symbols.content.count >= 16, !symbols.isShared else { throw damaged(path) }
        var group = HDF5.Group(name: try name(messages, path))
        let heap = try claim(number(symbols.content.lowerBound + 8, 8), 32, path).lowerBound
        guard starts(heap, with: "HEAP") else { throw damaged(path) }
        let names = number(heap + 24, 8)
        let namesEnd = names &+ number(heap + 8, 8)
        guard names >= 0, namesEnd >= names, namesEnd <= end else { throw damaged(path) }

        var last = ""
        for entry in try entries(number(symbols.content.lowerBound, 8), level: nil, path) {
            let name = try text(in: names..<namesEnd, at: number(entry, 8), path)
            // A tree for searches: in the order of the bytes, each name once.
            guard !name.contains("/"), name != ".", last.utf8.lexicographicallyPrecedes(name.utf8) else {
                throw damaged(path)
            }
            last = name
            let memberPath = path.isEmpty ? name : path + "/" + name
            guard number(entry + 16, 4) != 2 else {
                throw KerasFileError(
                    .forbidden,
                    "\(file): \(quoted(memberPath)) is a link to another place, which is not followed.")
            }
            switch try member(at: number(entry + 8, 8), memberPath, depth: depth + 1) {
            case .group(let member): group.groups.append((name, member))
            case .dataset(let tensor): group.datasets.append((name, tensor))
            }
        }
        return group
    }

    /// The places of the symbols below a node of a tree, in order.
    private mutating func entries(_ address: Int, level: Int?, _ path: String) throws(KerasFileError) -> [Int]
    {
        let head = try claim(address, 24, path).lowerBound
        guard starts(head, with: "TREE"), bytes[head + 4] == 0 else { throw damaged(path) }
        let nodeLevel = Int(bytes[head + 5])
        // Levels count down to 0, so that a tree has an end. No file has as many entries as one of eight levels.
        guard nodeLevel == level ?? nodeLevel, nodeLevel < 8 else { throw damaged(path) }
        let count = number(head + 6, 2)
        let children = try claim(head + 24, count * 16 + 8, path).lowerBound
        var entries: [Int] = []
        for index in 0..<count {
            let child = number(children + 8 + 16 * index, 8)
            if nodeLevel > 0 {
                entries += try self.entries(child, level: nodeLevel - 1, path)
                continue
            }
            let node = try claim(child, 8, path).lowerBound
            guard starts(node, with: "SNOD") else { throw damaged(path) }
            let symbols = try claim(node + 8, number(node + 6, 2) * 40, path)
            entries += stride(from: symbols.lowerBound, to: symbols.upperBound, by: 40)
        }
        return entries
    }

    /// A text that ends in a zero.
    private mutating func text(
        in heap: Range<Int>, at offset: Int, _ path: String
    ) throws(KerasFileError) -> String {
        guard offset >= 0, offset < heap.count,
            let zero = bytes[(heap.lowerBound + offset)..<heap.upperBound].prefix(min(budget, 1_025))
                .firstIndex(of: 0)
        else { throw damaged(path) }
        let place = try claim(heap.lowerBound + offset, zero - heap.lowerBound - offset, path)
        guard !place.isEmpty, let text = String(validating: bytes[place], as: UTF8.self) else {
            throw damaged(path)
        }
        return text
    }

    // MARK: Attributes (IV.A.2.m; III.E, global heaps)

    /// The attribute `name`, a text of variable length; nil if there is none, or it is of another form.
    private mutating func name(_ messages: [Message], _ path: String) throws(KerasFileError) -> String? {
        for message in messages where message.kind == Kind.attribute && !message.isShared {
            let content = message.content
            guard content.count >= 9, case let version = bytes[content.lowerBound], (1...3).contains(version)
            else { throw damaged(path) }
            // Version 1 pads its parts to eight bytes; version 3 says how the name is encoded.
            func padded(_ size: Int) -> Int { version == 1 ? (size + 7) / 8 * 8 : size }
            let sizes = [2, 4, 6].map { number(content.lowerBound + $0, 2) }
            let nameStart = content.lowerBound + (version == 3 ? 9 : 8)
            let typeStart = nameStart + padded(sizes[0])
            let spaceStart = typeStart + padded(sizes[1])
            let value = spaceStart + padded(sizes[2])
            guard value <= content.upperBound else { throw damaged(path) }
            guard bytes[nameStart..<nameStart + sizes[0]].elementsEqual("name\0".utf8) else { continue }
            // Class 9 with a 1 in its lowest bits: text of variable length. A scalar, by a dataspace without axes.
            guard sizes[1] >= 8, bytes[typeStart] & 0xF == 9, bytes[typeStart + 1] & 0xF == 1, sizes[2] >= 4,
                bytes[spaceStart + 1] == 0, content.upperBound - value >= 16
            else { return nil }
            let length = number(value, 4)
            let objects = try heap(at: number(value + 4, 8), path)
            guard let object = objects[number(value + 12, 4)], length <= object.count else {
                throw damaged(path)
            }
            let text = bytes[object.prefix(length)].prefix { $0 != 0 }
            guard let name = String(validating: text, as: UTF8.self) else { throw damaged(path) }
            return name
        }
        return nil
    }

    /// The places of a global heap's objects by their indices.
    private mutating func heap(at address: Int, _ path: String) throws(KerasFileError) -> [Int: Range<Int>] {
        if let heap = heaps[address] { return heap }
        let head = try claim(address, 16, path).lowerBound
        guard starts(head, with: "GCOL"), case let size = number(head + 8, 8), size >= 16 else {
            throw damaged(path)
        }
        var rest = try claim(head + 16, size - 16, path)
        var objects: [Int: Range<Int>] = [:]
        while rest.count >= 16 {
            let index = number(rest.lowerBound, 2)
            // Free space, to the end.
            if index == 0 { break }
            let size = number(rest.lowerBound + 8, 8)
            guard size >= 0, size <= rest.count - 16 else { throw damaged(path) }
            let content = rest.lowerBound + 16..<rest.lowerBound + 16 + size
            guard objects.updateValue(content, forKey: index) == nil else { throw damaged(path) }
            rest = min(rest.upperBound, content.lowerBound + (size + 7) / 8 * 8)..<rest.upperBound
        }
        heaps[address] = objects
        return objects
    }

    // MARK: Data sets (IV.A.2.b, dataspaces; IV.A.2.i, layouts)

    private mutating func dataset(_ messages: [Message], _ path: String) throws(KerasFileError) -> Tensor {
        func content(_ kind: Int) throws(KerasFileError) -> Range<Int> {
            let found = messages.filter { $0.kind == kind }
            guard found.count == 1, found[0].content.count >= 4 else { throw damaged(path) }
            guard !found[0].isShared else {
                throw unsupported("\(quoted(path)) shares its form with others, which Keras never writes")
            }
            return found[0].content
        }
        guard !messages.contains(where: { $0.kind == Kind.external }) else { throw elsewhere(path) }
        let layout = try content(Kind.layout)
        let (version, layoutClass) = (bytes[layout.lowerBound], bytes[layout.lowerBound + 1])
        if version == 4 && layoutClass == 3 { throw elsewhere(path) }
        guard (3...4).contains(version), layoutClass <= 1,
            !messages.contains(where: { $0.kind == Kind.filters })
        else {
            throw unsupported(
                "\(quoted(path)) is stored in chunks, compressed, or in an old form, which Keras never does")
        }
        let type = try Elements(content(Kind.datatype), self, path)
        let shape = try shape(content(Kind.dataspace), path)
        // Small enough: the shape can be counted in bytes of eight, and elements have no more.
        let size = shape.count * type.size
        let place: Range<Int>
        if layoutClass == 0 {
            // Within the message.
            guard number(layout.lowerBound + 2, 2) == size, size <= layout.count - 4 else {
                throw damaged(path)
            }
            place = layout.lowerBound + 4..<layout.lowerBound + 4 + size
        } else if size == 0 {
            place = 0..<0
        } else {
            guard layout.count >= 18, number(layout.lowerBound + 10, 8) == size else { throw damaged(path) }
            place = try claim(number(layout.lowerBound + 2, 8), size, path)
        }
        return type.tensor(of: bytes, place, shape)
    }

    private func shape(_ content: Range<Int>, _ path: String) throws(KerasFileError) -> Shape {
        let (start, version, rank) = (
            content.lowerBound, bytes[content.lowerBound], Int(bytes[content.lowerBound + 1])
        )
        guard (1...2).contains(version), rank <= 32 else { throw damaged(path) }
        if version == 2 && bytes[start + 3] == 2 { throw unsupported("\(quoted(path)) has no elements") }
        let first = start + (version == 1 ? 8 : 4)
        guard first + 8 * rank <= content.upperBound else { throw damaged(path) }
        let sizes = (0..<rank).map { number(first + 8 * $0, 8) }
        // Without its zeros, so that strides can be counted too.
        var product = 8
        for size in sizes where size != 0 {
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            guard size > 0, !overflows, next < 1 << 56 else {
                throw KerasFileError(
                    .tooLarge, "\(file): \(quoted(path)) has a shape of more bytes than any machine has.")
            }
            product = next
        }
        return Shape(sizes)
    }

    // MARK: Errors

    func damaged(_ path: String) -> KerasFileError {
        KerasFileError(
            .malformed,
            "\(file) is damaged: \(path.isEmpty ? "its root group" : quoted(path)) cannot be read. Copy or download it again."
        )
    }

    private func elsewhere(_ path: String) -> KerasFileError {
        KerasFileError(
            .forbidden,
            "\(file): the elements of \(quoted(path)) lie in another file or data set, which is not read.")
    }

    private func unsupported(_ what: String) -> KerasFileError {
        KerasFileError(.unsupported, "\(file): \(what). Load the model in Keras and save it anew.")
    }

    func noElements(_ path: String) -> KerasFileError {
        KerasFileError(
            .unsupported,
            "\(file): the elements of \(quoted(path)) are of a type that no Tensor holds. "
                + "Save the model with float32 weights.")
    }
}
