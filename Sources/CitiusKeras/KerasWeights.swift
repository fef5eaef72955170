import CitiusAutograd
import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTensor

/// Where Keras keeps the weights of a model's layers in an HDF5 file.
///
/// A layer's own weights are `vars/0`, `vars/1`, … in its group, in the order in which it made them. The layers of a
/// `Sequential` or a functional model lie in its group `layers`, each by its class name in snake case, numbered from the
/// second one of the same class on (`conv2d`, `conv2d_1`), never by its own name. The layers of any other layer
/// lie in its group by the names of the attributes that hold them.
enum KerasWeights {
    // MARK: Writing

    static func tree(of model: Model) -> HDF5.Group {
        var root = HDF5.Group()
        forEachGroup(of: model) { layer, path in
            root.withGroup(at: (path + "vars").split(separator: "/")) { group in
                group.name = layer.name
                group.datasets = layer.ownParameters.enumerated().map { ("\($0)", $1.value) }
            }
            for (group, name, tensor) in (layer as? any AssetsLayer)?.variables ?? [] {
                root.withGroup(at: (path + group + "vars").split(separator: "/")) {
                    $0.datasets.append((name, tensor))
                }
            }
        }
        return root
    }

    /// Calls `body` with each layer, once, and its group's path, which is empty or ends in a slash.
    private static func forEachGroup(of model: Model, _ body: (Layer, String) -> Void) {
        var seen: Set<ObjectIdentifier> = []
        func visit(_ layer: Layer, _ path: String) {
            guard seen.insert(ObjectIdentifier(layer)).inserted else { return }
            body(layer, path)
            guard isContainer(layer) else {
                for (sublayer, attribute) in zip(layer.sublayers, layer.kerasAttributes) {
                    visit(sublayer, path + attribute + "/")
                }
                return
            }
            var names = GroupNames()
            for sublayer in layer.sublayers where !(sublayer is Operation) {
                visit(sublayer, path + "layers/" + names.next(for: className(of: sublayer)) + "/")
            }
        }
        visit(model, "")
    }

    /// Whether Keras keeps the layer's layers in a list.
    private static func isContainer(_ layer: Layer) -> Bool {
        layer is Sequential || type(of: layer) == Model.self
    }

    private static func className(of layer: Layer) -> String {
        if layer is Sequential { return "Sequential" }
        if type(of: layer) == Model.self { return "Functional" }
        if let layer = layer as? any ConfigurableLayer { return type(of: layer).className }
        return "\(type(of: layer))"
    }

    // MARK: Reading

    /// Reads the weights of a model that is there.
    static func read(_ tree: HDF5.Group, into model: Model, file: String) throws(KerasFileError) {
        var faults = Faults()
        var values: [(Parameter, Tensor)] = []
        forEachGroup(of: model) { layer, path in
            let vars = tree.group(at: path + "vars")
            let parameters = layer.ownParameters
            for (index, parameter) in parameters.enumerated() {
                let place = "\(path)vars/\(index) (\(layer.label), \(parameter.name))"
                guard let tensor = vars?.tensor(named: "\(index)") else {
                    faults.missing.append(place)
                    continue
                }
                guard tensor.shape == parameter.shape else {
                    faults.mismatched.append("\(place) is \(tensor.shape), expected \(parameter.shape)")
                    continue
                }
                values.append((parameter, tensor.cast(to: parameter.dtype)))
            }
            let others = Set(((layer as? any AssetsLayer)?.variables ?? []).map { $0.name })
            for (name, _) in vars?.datasets ?? []
            where !others.contains(name) && Int(name).map({ $0 < parameters.count }) != true {
                faults.unexpected.append("\(path)vars/\(name) (\(layer.label))")
            }
        }
        try faults.throwIfAny(file)
        for (parameter, value) in values { parameter.value = value }
    }

    /// Makes a model of its description, with its weights. No memory is taken for a weight that the file does not hold.
    static func model(
        of config: JSON, _ tree: HDF5.Group, assets: ZipArchive?, file: String, types: ConfigurationTypes,
        seed: UInt64?
    ) throws(KerasFileError) -> Model {
        var paths: [String: String] = [:]
        collectPaths(of: config, "", "", into: &paths)
        let source = Source(tree: tree, paths: paths, archive: assets)
        let faults = ParameterSource.Faults()
        let model: Model
        do throws(SavingError) {
            model = try Model.make(
                from: config, types: types, seed: seed,
                weights: ParameterSource(
                    usesAttributes: true, find: { source.find($0) },
                    assets: ({ source.asset($0, $1) }, { source.variable($0, $1) }), faults: faults))
        } catch {
            if let damage = source.damage { throw damage }
            throw KerasFileError(.unsupported, "\(file): \(error)")
        }
        let all = Faults(
            missing: faults.missing.map(source.place), unexpected: source.unexpected,
            mismatched: faults.mismatched)
        try all.throwIfAny(file)
        return model
    }

    /// The groups of layers by their paths in Citius, both empty or ending in a slash.
    private static func collectPaths(
        of json: JSON, _ path: String, _ group: String, into paths: inout [String: String]
    ) {
        paths[path] = group
        // A model within a layer, such as TimeDistributed.
        for (attribute, layer) in json["config"]?.object ?? [:] where layer["class_name"]?.string != nil {
            collectPaths(of: layer, path + attribute + "/", group + attribute + "/", into: &paths)
        }
        guard let className = json["class_name"]?.string,
            ["Sequential", "Functional", "Model"].contains(className),
            let layers = json["config"]?["layers"]?.array
        else { return }
        var names = GroupNames()
        for layer in layers {
            guard let layerClass = layer["class_name"]?.string,
                let name = layer["name"]?.string ?? layer["config"]?["name"]?.string
            else { continue }
            // Operations are no layers in Keras.
            if layer["module"]?.string?.hasPrefix(Operation.moduleOfAll) == true { continue }
            // A Sequential does not count its input among its layers.
            if className == "Sequential", layerClass == "InputLayer" { continue }
            collectPaths(
                of: layer, path + name + "/", group + "layers/" + names.next(for: layerClass) + "/",
                into: &paths)
        }
    }

    /// The weights by parameters' paths. A layer asks for its parameters in their order, which gives their numbers.
    private final class Source {
        /// The data sets of the groups `vars`, by the paths of the groups that they lie in.
        private var datasets: [String: [(name: String, tensor: Tensor)]] = [:]
        private let paths: [String: String]
        /// How many parameters of a layer were asked for, by the layer's group.
        private var counts: [String: Int] = [:]
        private var places: [String: String] = [:]
        /// Data sets that are no weights.
        private var others: Set<String> = []
        private let archive: ZipArchive?
        /// What keeps an asset from being read.
        private(set) var damage: KerasFileError?

        init(tree: HDF5.Group, paths: [String: String], archive: ZipArchive?) {
            self.paths = paths
            self.archive = archive
            collect(tree, "")
        }

        private func collect(_ group: HDF5.Group, _ path: String) {
            for (name, member) in group.groups {
                if name == "vars" { datasets[path] = member.datasets }
                collect(member, path + name + "/")
            }
        }

        /// The contents of `assets/GROUP/NAME`.
        func asset(_ layer: String, _ name: String) -> [UInt8]? {
            do throws(KerasFileError) {
                return try archive?.member(named: "assets/" + group(of: layer) + name)
            } catch {
                damage = error
                return nil
            }
        }

        /// A data set that is no weight.
        func variable(_ layer: String, _ name: String) -> Tensor? {
            let group = group(of: layer)
            others.insert(group + "vars/" + name)
            return datasets[group]?.first { $0.name == name }?.tensor
        }

        func find(_ path: String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)? {
            let owner = String(
                path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)])
            let group = group(of: owner)
            let number = counts[group, default: 0]
            counts[group] = number + 1
            places[path] = "\(group)vars/\(number) (\(path))"
            guard let tensor = datasets[group]?.first(where: { $0.name == "\(number)" })?.tensor else {
                return nil
            }
            return (tensor.shape, tensor.dtype, { tensor })
        }

        func place(_ path: String) -> String { places[path] ?? path }

        /// A layer within one that is no model lies in that one's group, by its name.
        private func group(of owner: String) -> String {
            var known = owner
            while paths[known] == nil, !known.isEmpty {
                let end =
                    known.dropLast().lastIndex(of: "/").map { known.index(after: $0) } ?? known.startIndex
                known = String(known[..<end])
            }
            return (paths[known] ?? "") + owner.dropFirst(known.count)
        }

        /// What no layer asked for.
        var unexpected: [String] {
            paths.sorted { $0.value < $1.value }.flatMap { path, group -> [String] in
                let count = counts[group, default: 0]
                return (datasets[group] ?? []).map(\.name)
                    .filter { name in
                        Int(name).map { $0 < count } != true && !others.contains("\(group)vars/\(name)")
                    }.map {
                        "\(group)vars/\($0) (\(path))"
                    }
            }
        }
    }

    /// What keeps weights from being a model's.
    private struct Faults {
        var missing: [String] = []
        var unexpected: [String] = []
        var mismatched: [String] = []

        func throwIfAny(_ file: String) throws(KerasFileError) {
            var parts: [String] = []
            for (what, list) in [
                ("missing", missing), ("unexpected", unexpected), ("of another form", mismatched),
            ]
            where !list.isEmpty {
                parts.append(
                    "\(what): " + list.prefix(10).joined(separator: ", ")
                        + (list.count > 10 ? " and \(list.count - 10) more" : ""))
            }
            guard !parts.isEmpty else { return }
            throw KerasFileError(
                .mismatch,
                "\(file): the weights are not those of the model; " + parts.joined(separator: "; ") + ".")
        }
    }
}

/// Names of groups: the class in snake case, numbered from the second one on.
struct GroupNames {
    private var counts: [String: Int] = [:]

    mutating func next(for className: String) -> String {
        // Keras names one of its classes otherwise than its users do.
        let base = LayerNames.snakeCase(
            className == "GroupQueryAttention" ? "GroupedQueryAttention" : className)
        let count = counts[base, default: 0]
        counts[base] = count + 1
        return count == 0 ? base : "\(base)_\(count)"
    }
}
