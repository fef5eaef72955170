import CitiusHDF5
import CitiusPlatform
import CitiusTensor
import Synchronization

/// Groups and data sets of an HDF5 file, as far as Keras's weights use them.
///
/// Reading refuses what Keras refuses: links other than hard ones, data sets whose elements lie in other files or
/// data sets, and those that declare more than a thousand times what is stored.
package enum HDF5 {
    /// A group: its data sets and groups in order of their names, and its attribute `name`, which Keras writes.
    package struct Group: Sendable {
        package var name: String?
        package var groups: [(name: String, group: Group)] = []
        package var datasets: [(name: String, tensor: Tensor)] = []

        package init(name: String? = nil) { self.name = name }

        /// The group at a path, `layers/dense/vars`; nil if there is none.
        package func group(at path: String) -> Group? {
            var group = self
            for part in path.split(separator: "/") {
                guard let next = group.groups.first(where: { $0.name == part }) else { return nil }
                group = next.group
            }
            return group
        }

        /// The data set of that name; nil if there is none.
        package func tensor(named name: String) -> Tensor? { datasets.first { $0.name == name }?.tensor }

        /// Changes the group at a path, which is made if it is not there.
        package mutating func withGroup(at path: some Collection<Substring>, _ body: (inout Group) -> Void) {
            guard let first = path.first else { return body(&self) }
            let place = groups.firstIndex { $0.name == first } ?? groups.count
            if place == groups.count { groups.append((String(first), Group())) }
            groups[place].group.withGroup(at: path.dropFirst(), body)
        }
    }

    /// Groups within each other.
    static let depthLimit = 32
    /// Groups and data sets of a file.
    static let objectLimit = 100_000
    /// How many times more bytes than are stored a data set may declare.
    static let expansionLimit = 1_000
    /// Bytes that may be declared whatever is stored.
    static let declarationFloor = 1 << 20

    /// The library is not made for several threads at once.
    static let lock = Mutex(())

    // MARK: Reading

    /// Reads a file whole.
    ///
    /// - Parameter name: what messages call the file.
    package static func read(_ bytes: [UInt8], name: String = "the bytes") throws(KerasFileError) -> Group {
        try lock.withLock { _ throws(KerasFileError) in
            citius_h5_prepare()
            let file = bytes.withUnsafeBytes { citius_h5_open($0.baseAddress, $0.count) }
            guard file >= 0 else {
                throw KerasFileError(
                    .malformed, "\(name) is no HDF5 file, or a damaged one. Copy or download it again.")
            }
            defer { H5Fclose(file) }
            let root = citius_h5_open_object(file, "/")
            guard root >= 0 else {
                throw KerasFileError(.malformed, "\(name): its root group cannot be read.")
            }
            defer { H5Oclose(root) }
            var reader = Reader(
                file: name,
                budget: max(
                    bytes.count.multipliedReportingOverflow(by: expansionLimit).partialValue, declarationFloor
                ))
            return try reader.group(root, path: "", depth: 0)
        }
    }

    private struct Reader {
        let file: String
        /// Bytes that may still be declared.
        var budget: Int
        var objectCount = 0

        mutating func group(_ id: hid_t, path: String, depth: Int) throws(KerasFileError) -> Group {
            guard depth <= depthLimit else {
                throw KerasFileError(
                    .forbidden, "\(file): \(quoted(path)) lies in more than \(depthLimit) groups.")
            }
            var group = Group(name: textAttribute("name", of: id))
            let count = citius_h5_link_count(id)
            guard count >= 0 else { throw malformed(path) }
            for index in 0..<count {
                objectCount += 1
                guard objectCount <= objectLimit else {
                    throw KerasFileError(
                        .tooLarge, "\(file) has more than \(objectLimit) groups and data sets.")
                }
                let name = try linkName(hsize_t(index), of: id, path)
                let memberPath = path.isEmpty ? name : path + "/" + name
                switch citius_h5_is_hard_link(id, name) {
                case 1: break
                case 0:
                    throw KerasFileError(
                        .forbidden,
                        "\(file): \(quoted(memberPath)) is a link to another place, which is not followed.")
                default: throw malformed(memberPath)
                }
                let object = citius_h5_open_object(id, name)
                guard object >= 0 else { throw malformed(memberPath) }
                defer { H5Oclose(object) }
                switch H5Iget_type(object) {
                case H5I_GROUP:
                    group.groups.append((name, try self.group(object, path: memberPath, depth: depth + 1)))
                case H5I_DATASET: group.datasets.append((name, try dataset(object, path: memberPath)))
                default:
                    throw KerasFileError(
                        .unsupported, "\(file): \(quoted(memberPath)) is neither a group nor a data set.")
                }
            }
            return group
        }

        private func linkName(_ index: hsize_t, of id: hid_t, _ path: String) throws(KerasFileError) -> String
        {
            var buffer = [CChar](repeating: 0, count: 1_025)
            let length = citius_h5_link_name(id, index, &buffer, buffer.count)
            guard length > 0, length < buffer.count,
                let name = String(
                    validating: buffer[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self),
                !name.contains("/"), name != "."
            else { throw malformed(path) }
            return name
        }

        private mutating func dataset(_ id: hid_t, path: String) throws(KerasFileError) -> Tensor {
            switch citius_h5_is_elsewhere(id) {
            case 0: break
            case 1:
                throw KerasFileError(
                    .forbidden,
                    "\(file): the elements of \(quoted(path)) lie in another file or data set, which is not read."
                )
            default: throw malformed(path)
            }
            let shape = try shape(of: id, path)
            let (type, dtype) = try elementType(of: id, path)
            // Both sizes are small or checked: the shape can be counted in bytes of eight.
            let declared = shape.count * dtype.byteCount
            let stored = Int(clamping: H5Dget_storage_size(id))
            guard
                declared
                    <= max(
                        declarationFloor, stored.multipliedReportingOverflow(by: expansionLimit).partialValue),
                declared <= budget
            else {
                throw KerasFileError(
                    .tooLarge,
                    "\(file): \(quoted(path)) declares \(declared) bytes, and \(stored) are stored, in a file that is "
                        + "refused as a bomb.")
            }
            budget -= declared
            if dtype == .bool {
                var bytes = [Int8](repeating: 0, count: shape.count)
                guard shape.count == 0 || H5Dread(id, type, 0, 0, 0, &bytes) >= 0 else {
                    throw malformed(path)
                }
                return Tensor(bytes.map { $0 != 0 }, shape: shape)
            }
            var tensor = Tensor(uninitialized: shape, dtype: dtype)
            guard shape.count == 0 || citius_h5_read(id, type, tensor.mutableAddress()) >= 0 else {
                throw malformed(path)
            }
            return tensor
        }

        private func shape(of id: hid_t, _ path: String) throws(KerasFileError) -> Shape {
            let space = H5Dget_space(id)
            guard space >= 0 else { throw malformed(path) }
            defer { H5Sclose(space) }
            let kind = H5Sget_simple_extent_type(space)
            guard kind == H5S_SCALAR || kind == H5S_SIMPLE else {
                throw KerasFileError(.unsupported, "\(file): \(quoted(path)) has no elements.")
            }
            let rank = Int(H5Sget_simple_extent_ndims(space))
            guard rank >= 0, rank <= Int(H5S_MAX_RANK) else { throw malformed(path) }
            var sizes = [hsize_t](repeating: 0, count: rank)
            guard rank == 0 || H5Sget_simple_extent_dims(space, &sizes, nil) >= 0 else {
                throw malformed(path)
            }
            // Without its zeros, so that strides can be counted too.
            var bytes = 8
            for size in sizes where size > 0 {
                let (product, overflows) = bytes.multipliedReportingOverflow(by: Int(clamping: size))
                guard !overflows else {
                    throw KerasFileError(
                        .tooLarge,
                        "\(file): \(quoted(path)) has the shape \(sizes), of more bytes than can be counted.")
                }
                bytes = product
            }
            return Shape(sizes.map { Int(clamping: $0) })
        }

        /// The type to read the elements as.
        private func elementType(of id: hid_t, _ path: String) throws(KerasFileError) -> (hid_t, DType) {
            let type = H5Dget_type(id)
            guard type >= 0 else { throw malformed(path) }
            defer { H5Tclose(type) }
            let size = H5Tget_size(type)
            switch H5Tget_class(type) {
            case H5T_FLOAT where size <= 4: return (citius_h5_float32(), .float32)
            case H5T_FLOAT where size == 8: return (citius_h5_float64(), .float64)
            case H5T_INTEGER:
                let isUnsigned = H5Tget_sign(type) == H5T_SGN_NONE
                if size == 1, isUnsigned { return (citius_h5_uint8(), .uint8) }
                if size < 4 || size == 4 && !isUnsigned { return (citius_h5_int32(), .int32) }
                if size == 4 || size == 8 && !isUnsigned { return (citius_h5_int64(), .int64) }
            case H5T_ENUM where size == 1:
                // h5py's truths: their names are not asked for.
                return (citius_h5_int8(), .bool)
            default: break
            }
            throw KerasFileError(
                .unsupported,
                "\(file): the elements of \(quoted(path)) are of a type that no Tensor holds. "
                    + "Save the model with float32 weights.")
        }

        /// A text at an object; nil if there is none, or it is of another form.
        private func textAttribute(_ name: String, of id: hid_t) -> String? {
            guard H5Aexists(id, name) > 0 else { return nil }
            let attribute = H5Aopen(id, name, 0)
            guard attribute >= 0 else { return nil }
            defer { H5Aclose(attribute) }
            let type = H5Aget_type(attribute)
            let space = H5Aget_space(attribute)
            defer {
                H5Tclose(type)
                H5Sclose(space)
            }
            guard type >= 0, space >= 0, H5Tget_class(type) == H5T_STRING,
                H5Sget_simple_extent_type(space) == H5S_SCALAR, H5Tis_variable_str(type) > 0
            else { return nil }
            var text: UnsafeMutablePointer<CChar>?
            guard H5Aread(attribute, type, &text) >= 0, let text else { return nil }
            defer { H5free_memory(text) }
            return String(validatingCString: text)
        }

        private func malformed(_ path: String) -> KerasFileError {
            KerasFileError(
                .malformed,
                "\(file) is damaged: \(path.isEmpty ? "its root group" : quoted(path)) cannot be read. Copy or download it again."
            )
        }
    }

    // MARK: Writing

    /// The bytes of a file. The same groups give the same bytes.
    package static func bytes(of root: Group) throws(KerasFileError) -> [UInt8] {
        try lock.withLock { _ throws(KerasFileError) in
            citius_h5_prepare()
            let file = citius_h5_create()
            guard file >= 0 else { throw unwritable("a file in memory") }
            defer { H5Fclose(file) }
            try write(root, to: file)
            guard H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 else { throw unwritable("a file in memory") }
            let count = H5Fget_file_image(file, nil, 0)
            guard count > 0 else { throw unwritable("a file in memory") }
            var bytes = [UInt8](repeating: 0, count: count)
            guard H5Fget_file_image(file, &bytes, count) == count else {
                throw unwritable("a file in memory")
            }
            return bytes
        }
    }

    private static func write(_ group: Group, to id: hid_t) throws(KerasFileError) {
        if let name = group.name, citius_h5_write_attribute(id, "name", name) < 0 {
            throw unwritable("a name")
        }
        for (name, tensor) in group.datasets {
            let isBool = tensor.dtype == .bool
            let type =
                switch tensor.dtype {
                case .float32: citius_h5_float32()
                case .float64: citius_h5_float64()
                case .int32: citius_h5_int32()
                case .int64: citius_h5_int64()
                case .uint8: citius_h5_uint8()
                case .bool: citius_h5_create_bool()
                }
            defer { if isBool { H5Tclose(type) } }
            let sizes = tensor.shape.sizes.map { hsize_t($0) }
            let status = withExtendedLifetime(tensor.storage) {
                citius_h5_write(id, name, type, Int32(tensor.rank), sizes, tensor.address)
            }
            guard status >= 0 else { throw unwritable(quoted(name)) }
        }
        for (name, member) in group.groups {
            let memberID = citius_h5_create_group(id, name)
            guard memberID >= 0 else { throw unwritable(quoted(name)) }
            defer { H5Gclose(memberID) }
            try write(member, to: memberID)
        }
    }

    private static func unwritable(_ what: String) -> KerasFileError {
        KerasFileError(.unwritable, "HDF5 cannot write \(what): there may be too little memory.")
    }
}

/// A path as messages show it, on one line however it is made.
func quoted(_ path: String) -> String {
    path.count > 200 ? path.prefix(200).debugDescription + "…" : path.debugDescription
}
