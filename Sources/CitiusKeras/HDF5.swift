import CitiusHDF5
import CitiusPlatform
import CitiusTensor
import Synchronization

/// Groups and data sets of an HDF5 file, as far as Keras's weights use them.
///
/// Files are read by `HDF5Reader`, since they may come from anywhere, and written by libhdf5.
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

    /// The library is not made for several threads at once.
    static let lock = Mutex(())

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
                case .int8: citius_h5_int8()
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
