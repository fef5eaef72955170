import CitiusConfiguration
import CitiusFormats
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// What one file holds of a model: a safetensors file whose tensors are the weights by their paths, and, under names that
/// begin with `@`, the state of its training; the rest stands in the header.
///
/// | Tensor | |
/// |---|---|
/// | `dense/kernel`, … | the weights, by path |
/// | `@optimizer/…` | the optimizer's state, see `Optimizer.state(for:)` |
/// | `@random` | where the model's random numbers stand: key and counter |
/// | `@pass_start` | the same when the running pass over the data began |
/// | `@metrics/NAME/0`, … | what the running epoch has gathered |
/// | `@callbacks/0/0`, … | the tensors of the first callback that has some, … |
/// | `@techniques/0/NAME`, … | the state of the first technique, … |
/// | `@pass/indices`, `@pass/weights` | the samples of the running pass, where techniques choose them |
///
/// | Metadata | |
/// |---|---|
/// | `format`, `version` | `citius`, and the version that wrote the file |
/// | `architecture` | Keras's schema, see `Model.architecture()` |
/// | `compilation` | Keras's schema of `compile_config` |
/// | `training` | epoch, step and batch of a training that was not at its end, and what its callbacks have gathered |
enum ModelFile {
    private static let optimizerPrefix = "@optimizer/"
    private static let metricsPrefix = "@metrics/"
    private static let callbacksPrefix = "@callbacks/"
    private static let techniquesPrefix = "@techniques/"
    private static let pass = (indices: "@pass/indices", weights: "@pass/weights")

    /// What is written beside the weights.
    struct Contents {
        var architecture: JSON?
        var compilation: JSON?
        /// The optimizer's state and the random numbers.
        var includesState = false
        var position: TrainingPosition?
        var callbacks: [CallbackState] = []
        var techniques: TechniqueStates?
    }

    // MARK: Writing

    static func write(_ model: Model, _ contents: Contents, to path: String) throws(SavingError) {
        var tensors: [(name: String, tensor: Tensor)] = []
        let parameters = try namedParameters(of: model)
        for (path, parameter) in parameters { tensors.append((path, parameter.value)) }
        if contents.includesState {
            tensors.append(("@random", tensor(model.random.generator)))
            if let optimizer = model.optimizer {
                for (name, tensor) in optimizer.state(for: parameters.map { ($0.path, $0.parameter) }) {
                    tensors.append((optimizerPrefix + name, tensor))
                }
            }
        }
        var metadata = [("format", "citius"), ("version", citiusVersion)]
        if let architecture = contents.architecture { metadata.append(("architecture", architecture.text())) }
        if let compilation = contents.compilation { metadata.append(("compilation", compilation.text())) }
        if let position = contents.position {
            var training: JSON.Object = [
                "epoch": .integer(Int64(position.epoch)), "step": .integer(Int64(position.step)),
                "pass": .integer(Int64(position.pass)), "drawn": .integer(Int64(position.drawn)),
                "is_stopped": .bool(position.isStopped),
                "callbacks": .array(
                    contents.callbacks.map {
                        [
                            "class_name": .string($0.name), "state": $0.json,
                            "tensor_count": .integer(Int64($0.tensors.count)),
                        ]
                    }),
            ]
            if let techniques = contents.techniques {
                training["techniques"] = description(of: techniques)
                tensors += self.tensors(of: techniques)
            }
            metadata.append(("training", JSON.object(training).text()))
            tensors.append(("@pass_start", tensor(position.passStart)))
            for (name, state) in position.metrics.sorted(by: { $0.key < $1.key }) {
                for (index, tensor) in state.enumerated() {
                    tensors.append(("\(metricsPrefix)\(name)/\(index)", tensor))
                }
            }
            for (number, state) in contents.callbacks.enumerated() {
                for (index, tensor) in state.tensors.enumerated() {
                    tensors.append(("\(callbacksPrefix)\(number)/\(index)", tensor))
                }
            }
        }
        do {
            try Safetensors.write(tensors, metadata: metadata, to: path)
        } catch {
            throw SavingError(.file, error.description)
        }
    }

    private static func description(of techniques: TechniqueStates) -> JSON {
        var description: JSON.Object = [
            "names": .array(techniques.names.map { .string($0) }),
            "tensors": .array(
                techniques.states.map { state in .array(state.keys.sorted().map { .string($0) }) }),
            "steps_taken": .integer(Int64(techniques.stepsTaken)),
        ]
        if let pass = techniques.pass { description["batch_size"] = .integer(Int64(pass.batchSize)) }
        return .object(description)
    }

    private static func tensors(of techniques: TechniqueStates) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        for (number, state) in techniques.states.enumerated() {
            for (name, tensor) in state.sorted(by: { $0.key < $1.key }) {
                tensors.append(("\(techniquesPrefix)\(number)/\(name)", tensor))
            }
        }
        if let pass = techniques.pass {
            tensors.append((Self.pass.indices, Tensor(pass.indices.map(Int64.init))))
            if let weights = pass.weights { tensors.append((Self.pass.weights, Tensor(weights))) }
        }
        return tensors
    }

    /// The parameters by path. Throws if two have one path, or one that a file keeps for itself.
    static func namedParameters(
        of model: Model
    ) throws(SavingError) -> [(path: String, parameter: Parameter)] {
        let parameters = model.namedParameters
        var paths: Set<String> = []
        for (path, _) in parameters {
            guard paths.insert(path).inserted, !path.hasPrefix("@"), path != "__metadata__" else {
                throw SavingError(
                    .weights,
                    "the parameter \(path) has the path of another one, or one that files keep for themselves; "
                        + "give its layer a name of its own")
            }
        }
        return parameters
    }

    private static func tensor(_ generator: RandomGenerator) -> Tensor {
        Tensor([Int64(bitPattern: generator.philox.key), Int64(bitPattern: generator.counter)])
    }

    // MARK: Reading

    static func open(_ path: String) throws(SavingError) -> Safetensors {
        do { return try Safetensors(contentsOf: path) } catch { throw SavingError(.file, error.description) }
    }

    static func tensor(_ name: String, in file: Safetensors) throws(SavingError) -> Tensor {
        do { return try file.tensor(named: name) } catch { throw SavingError(.file, error.description) }
    }

    /// A JSON in the header; nil if there is none.
    static func json(
        _ key: String, in file: Safetensors, _ path: String, _ options: JSON.ParsingOptions = .init()
    ) throws(SavingError) -> JSON? {
        guard let text = file.metadata[key] else { return nil }
        do {
            return try JSON(parsing: text, options: options)
        } catch {
            throw SavingError(.file, "\(path): the \(key) in the header is no JSON: \(error)")
        }
    }

    /// The names of the weights in a file.
    static func weightNames(in file: Safetensors) -> [String] { file.names.filter { !$0.hasPrefix("@") } }

    /// The type of a tensor in a file; nil if no tensor here has it.
    static func dtype(of entry: Safetensors.Entry) -> DType? {
        switch entry.type {
        case "F32": .float32
        case "F64": .float64
        case "I32": .int32
        case "I64": .int64
        case "I8": .int8
        case "U8": .uint8
        case "BOOL": .bool
        default: nil
        }
    }

    /// Puts back where the random numbers stood; nothing if the file does not say.
    static func restoreRandom(of model: Model, from file: Safetensors) throws(SavingError) {
        guard file["@random"] != nil else { return }
        model.random.generator = try generator("@random", in: file)
    }

    private static func generator(_ name: String, in file: Safetensors) throws(SavingError) -> RandomGenerator
    {
        let tensor = try tensor(name, in: file)
        guard tensor.dtype == .int64, tensor.shape == [2] else {
            throw SavingError(
                .trainingState, "\(name) is \(tensor.dtype) \(tensor.shape), expected int64 [2]")
        }
        let words = tensor.elements(as: Int64.self)
        var generator = RandomGenerator(seed: UInt64(bitPattern: words[0]))
        generator.counter = UInt64(bitPattern: words[1])
        return generator
    }

    /// Puts the optimizer's state back; nothing if the file has none.
    static func restoreOptimizer(of model: Model, from file: Safetensors) throws(SavingError) {
        let names = file.names.filter { $0.hasPrefix(optimizerPrefix) }
        guard !names.isEmpty, let optimizer = model.optimizer else { return }
        var state: [Optimizer.NamedTensor] = []
        for name in names {
            state.append((String(name.dropFirst(optimizerPrefix.count)), try tensor(name, in: file)))
        }
        do {
            try optimizer.restore(state, for: namedParameters(of: model).map { ($0.path, $0.parameter) })
        } catch let error as SavingError {
            throw error
        } catch {
            throw SavingError(.trainingState, "\(error)")
        }
    }

    /// Where a training stood that the file was written in the middle of; nil if it was not.
    static func position(in file: Safetensors, _ path: String) throws(SavingError) -> TrainingPosition? {
        guard let training = try training(in: file, path) else { return nil }
        guard let epoch = training["epoch"]?.int, let step = training["step"]?.int,
            let pass = training["pass"]?.int, let drawn = training["drawn"]?.int,
            // No training counts further.
            [epoch, step, pass, drawn].allSatisfy({ (0..<1 << 48).contains($0) })
        else {
            throw SavingError(
                .trainingState, "\(path): the training in the header lacks its epoch, step, pass or batch")
        }
        var metrics: [String: [(index: Int, tensor: Tensor)]] = [:]
        for name in file.names where name.hasPrefix(metricsPrefix) {
            let parts = name.dropFirst(metricsPrefix.count)
            guard let slash = parts.lastIndex(of: "/"), let index = Int(parts[parts.index(after: slash)...])
            else { continue }
            metrics[String(parts[..<slash]), default: []].append((index, try tensor(name, in: file)))
        }
        return TrainingPosition(
            epoch: epoch, step: step, pass: pass, passStart: try generator("@pass_start", in: file),
            drawn: drawn,
            random: try generator("@random", in: file),
            metrics: metrics.mapValues { $0.sorted { $0.index < $1.index }.map { $0.tensor } },
            isStopped: training["is_stopped"]?.bool ?? false)
    }

    /// What callbacks may have gathered need not be finite.
    private static func training(in file: Safetensors, _ path: String) throws(SavingError) -> JSON? {
        try json("training", in: file, path, JSON.ParsingOptions(acceptsNonFiniteNumbers: true))
    }

    /// What the callbacks of a training had gathered; nil if the file does not say.
    static func callbackStates(in file: Safetensors, _ path: String) throws(SavingError) -> [CallbackState]? {
        guard let callbacks = try training(in: file, path)?["callbacks"]?.array else { return nil }
        var states: [CallbackState] = []
        for (number, callback) in callbacks.enumerated() {
            guard let name = callback["class_name"]?.string, let json = callback["state"],
                let count = callback["tensor_count"]?.int, (0...file.names.count).contains(count)
            else {
                throw SavingError(
                    .trainingState, "\(path): the training in the header has a callback without name or state"
                )
            }
            var tensors: [Tensor] = []
            for index in 0..<count {
                tensors.append(try tensor("\(callbacksPrefix)\(number)/\(index)", in: file))
            }
            states.append(CallbackState(name: name, json: json, tensors: tensors))
        }
        return states
    }

    /// What the techniques of a training had gathered; nil if there were none.
    static func techniqueStates(in file: Safetensors, _ path: String) throws(SavingError) -> TechniqueStates?
    {
        guard let description = try training(in: file, path)?["techniques"] else { return nil }
        let malformed = SavingError(
            .trainingState, "\(path): the training in the header lacks what its techniques are")
        let names = description["names"]?.array?.compactMap { $0.string } ?? []
        let keys = description["tensors"]?.array?.compactMap { $0.array?.compactMap { $0.string } } ?? []
        guard names.count == keys.count, let stepsTaken = description["steps_taken"]?.int,
            (0..<1 << 48).contains(stepsTaken)
        else { throw malformed }
        var states: [[String: Tensor]] = []
        for (number, keys) in keys.enumerated() {
            var state: [String: Tensor] = [:]
            for key in keys { state[key] = try tensor("\(techniquesPrefix)\(number)/\(key)", in: file) }
            states.append(state)
        }
        var pass: SampleSelection?
        if file[Self.pass.indices] != nil {
            let indices = try tensor(Self.pass.indices, in: file)
            let weights = file[Self.pass.weights] == nil ? nil : try tensor(Self.pass.weights, in: file)
            guard indices.dtype == .int64, indices.rank == 1, weights?.dtype ?? .float32 == .float32,
                weights?.rank ?? 1 == 1, let size = description["batch_size"]?.int,
                let saved = SampleSelection(
                    indices: indices.elements(as: Int64.self).map { Int($0) },
                    weights: weights?.elements(as: Float.self), batchSize: size)
            else { throw malformed }
            pass = saved
        }
        return TechniqueStates(names: names, states: states, stepsTaken: stepsTaken, pass: pass)
    }
}
