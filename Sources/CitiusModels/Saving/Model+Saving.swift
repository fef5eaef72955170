import CitiusConfiguration
import CitiusFormats
import CitiusLayers
import CitiusPlatform
import CitiusTensor

extension Model {
    /// Saves the whole model in one file: architecture, weights, and, if it is compiled, what it is trained with and the
    /// state of its training. `Model.load(from:)` goes on with the same bits.
    ///
    /// ```swift
    /// try model.save(to: "model.safetensors")
    /// let model = try Model.load(from: "model.safetensors")
    /// ```
    ///
    /// The format is safetensors: other tools see the weights by their paths. The file appears when it is whole; one that
    /// was there is replaced in one step.
    ///
    /// - Parameters:
    ///   - path: where; the name usually ends in `.safetensors`.
    ///   - includingOptimizer: whether compilation, optimizer state and random numbers are saved too.
    /// - Throws: a `SavingError` if a layer, a loss, a metric or the optimizer does not describe itself, or if the file
    ///   cannot be written.
    public final func save(to path: String, includingOptimizer: Bool = true) throws(SavingError) {
        var contents = ModelFile.Contents(architecture: try architecture())
        if includingOptimizer, let compilation {
            do throws(JSON.CodingFailure) {
                contents.compilation = try JSON(encoding: CompilationDescription(compilation))
            } catch {
                throw SavingError(
                    .notConfigurable,
                    "the compilation cannot be saved: \(error). Or save without it: includingOptimizer: false."
                )
            }
            contents.includesState = true
        }
        try ModelFile.write(self, contents, to: path)
    }

    /// A model that `save` wrote, compiled if it was.
    ///
    /// Memory is taken for what the file holds, never for what its description claims.
    ///
    /// - Parameter types: what layers, functions, losses, metrics and optimizers the file may name; those of your own are
    ///   added to the library's: `.library.adding(Scale.self)`.
    /// - Throws: a `SavingError` if the file cannot be read, is no model's, or if its parts do not fit together.
    public static func load(
        from path: String, types: ConfigurationTypes = .library
    ) throws(SavingError) -> Model {
        let file = try ModelFile.open(path)
        guard let architecture = try ModelFile.json("architecture", in: file, path) else {
            throw SavingError(
                .file,
                "\(path) holds no architecture: it is a file of weights. Make the model, then loadWeights(from:)."
            )
        }
        let faults = ParameterSource.Faults()
        let source = ParameterSource(
            find: { name in
                guard let entry = file[name], let dtype = ModelFile.dtype(of: entry) else { return nil }
                return (entry.shape, dtype, { try? file.tensor(named: name) })
            }, faults: faults)
        let model = try make(from: architecture, types: types, seed: nil, weights: source)
        let report = WeightsReport(
            missing: faults.missing,
            unexpected: ModelFile.weightNames(in: file).filter { !faults.used.contains($0) },
            mismatched: faults.mismatched)
        guard report.isEmpty else { throw SavingError(.weights, report.sentence(of: path)) }
        if let compilation = try ModelFile.json("compilation", in: file, path) {
            do throws(JSON.CodingFailure) {
                let description: CompilationDescription = try compilation.decoded(
                    userInfo: [.configurationTypes: types])
                try compile(model, description, path)
            } catch {
                throw SavingError(.architecture, "\(path), compilation: \(error)")
            }
            try ModelFile.restoreOptimizer(of: model, from: file)
        }
        try ModelFile.restoreRandom(of: model, from: file)
        return model
    }

    private static func compile(
        _ model: Model, _ description: CompilationDescription, _ path: String
    ) throws(JSON.CodingFailure) {
        do throws(SavingError) {
            try description.compile(model)
        } catch {
            throw JSON.CodingFailure(path: "", message: error.description)
        }
    }

    // MARK: Weights

    /// Saves the weights alone, by their paths, in a safetensors file.
    ///
    /// - Throws: a `SavingError` if the file cannot be written.
    public final func saveWeights(to path: String) throws(SavingError) {
        try ModelFile.write(self, ModelFile.Contents(), to: path)
    }

    /// Loads weights by their paths, from a file of weights or of a whole model.
    ///
    /// - Parameter strict: whether every weight must be in the file, and every weight of the file in the model. Else
    ///   those that fit are loaded, and the report says which did not.
    /// - Returns: what did not fit.
    /// - Throws: a `SavingError` if the file cannot be read, or, if strict, with what is missing, unexpected or of another
    ///   shape; the model is then as it was.
    ///
    /// The model must be built: its weights are not known before. Traps if it is not.
    @discardableResult
    public final func loadWeights(from path: String, strict: Bool = true) throws(SavingError) -> WeightsReport
    {
        if !isBuilt {
            fail("loadWeights: \(label) is not built, so that it has no weights yet; build it first")
        }
        return try loadWeights(from: ModelFile.open(path), path, strict: strict)
    }

    final func loadWeights(
        from file: Safetensors, _ path: String, strict: Bool
    ) throws(SavingError) -> WeightsReport {
        var report = WeightsReport()
        var values: [(parameter: Parameter, value: Tensor)] = []
        var known: Set<String> = []
        for (name, parameter) in try ModelFile.namedParameters(of: self) {
            known.insert(name)
            guard let entry = file[name] else {
                report.missing.append(name)
                continue
            }
            guard entry.shape == parameter.shape, ModelFile.dtype(of: entry) == parameter.dtype else {
                report.mismatched.append(
                    "\(name) is \(entry.type) \(entry.shape), expected \(parameter.dtype) \(parameter.shape)")
                continue
            }
            values.append((parameter, try ModelFile.tensor(name, in: file)))
        }
        report.unexpected = ModelFile.weightNames(in: file).filter { !known.contains($0) }
        guard report.isEmpty || !strict else { throw SavingError(.weights, report.sentence(of: path)) }
        for (parameter, value) in values { parameter.value = value }
        return report
    }

    // MARK: Trainings

    /// Saves what a training needs to go on with the same bits: weights, optimizer state, random numbers, and where it
    /// stands. The architecture is that of the program.
    final func backUp(to path: String) throws(SavingError) {
        try ModelFile.write(
            self,
            ModelFile.Contents(
                includesState: true, position: trainingPosition,
                callbacks: CallbackState.all(of: run.callbacks), techniques: run.techniques?.states),
            to: path)
    }

    /// Puts back what `backUp` saved, and has the training that begins go on from there.
    final func restoreBackup(from path: String) throws(SavingError) {
        let file = try ModelFile.open(path)
        guard let position = try ModelFile.position(in: file, path) else {
            throw SavingError(
                .trainingState,
                "\(path) is no backup of a training; delete it, or name another file for the backup.")
        }
        _ = try loadWeights(from: file, path, strict: true)
        try ModelFile.restoreOptimizer(of: self, from: file)
        try ModelFile.restoreRandom(of: self, from: file)
        run.resumption = position
        run.callbackStates = try ModelFile.callbackStates(in: file, path)
        run.techniqueStates = try ModelFile.techniqueStates(in: file, path)
    }
}

/// How the weights in a file differ from a model's.
public struct WeightsReport: Sendable, Equatable {
    /// Paths that the model has and the file lacks.
    public internal(set) var missing: [String] = []
    /// Paths that the file has and the model lacks.
    public internal(set) var unexpected: [String] = []
    /// Sentences about weights of another shape or type.
    public internal(set) var mismatched: [String] = []

    /// Whether all weights fit.
    public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

    func sentence(of path: String) -> String {
        func list(_ name: String, _ items: [String]) -> [String] {
            guard !items.isEmpty else { return [] }
            let shown = items.prefix(20).joined(separator: ", ")
            return ["\(name): \(shown)" + (items.count > 20 ? ", and \(items.count - 20) more" : "")]
        }
        let parts =
            list("missing", missing) + list("unexpected", unexpected) + list("other shapes", mismatched)
        return "\(path) does not hold this model's weights. " + parts.joined(separator: "; ") + "."
    }
}
