import CitiusAutograd
import CitiusConfiguration
import CitiusModels
import CitiusOptimizers
import CitiusTensor

/// `compile_config` of a `.keras` file: what a model was compiled with, and the optimizer's state with it.
enum KerasCompilation {
    static func json(of compilation: Compilation) throws(KerasFileError) -> JSON {
        do throws(JSON.CodingFailure) {
            return try JSON(encoding: CompilationDescription(compilation))
        } catch {
            throw KerasFileError(.unsupported, "The compilation cannot be saved: \(error).")
        }
    }

    /// Writes an optimizer's variables, and those of the optimizers that it is made of once more, where Keras looks for
    /// them too.
    static func write(_ optimizer: Optimizer, of parameters: [Parameter], to tree: inout HDF5.Group) {
        func write(_ optimizer: Optimizer, _ parameters: [Parameter], at path: [Substring], name: String) {
            tree.withGroup(at: path + ["vars"]) { group in
                group.name = optimizer.options.name ?? name
                group.datasets = optimizer.kerasVariables(for: parameters).enumerated().map { ("\($0)", $1) }
            }
        }
        write(optimizer, parameters, at: ["optimizer"], name: "optimizer")
        guard optimizer.isComposed else { return }
        var names = GroupNames()
        for part in optimizer.parts {
            let name = names.next(for: "\(type(of: part))")
            write(
                part, parameters.filter { optimizer.part(for: $0) === part },
                at: ["optimizer", "optimizers", Substring(name)], name: name)
        }
    }

    /// Compiles a model as a file says, and restores the optimizer's state.
    static func compile(
        _ model: Model, of config: JSON, _ tree: HDF5.Group, file: String, types: ConfigurationTypes
    ) throws(KerasFileError) {
        guard let json = config["compile_config"]?.object, json["loss"] ?? .null != .null else { return }
        do throws(JSON.CodingFailure) {
            let description: CompilationDescription = try listed(json, by: outputNames(of: config)).decoded(
                userInfo: [.configurationTypes: types])
            do throws(SavingError) {
                try description.compile(model)
            } catch {
                throw JSON.CodingFailure(path: "", message: error.description)
            }
        } catch {
            throw KerasFileError(
                .unsupported,
                "\(file), compile_config: \(error). Load it with compiling: false to predict.")
        }
        guard let optimizer = model.optimizer, let vars = tree.group(at: "optimizer/vars") else { return }
        var variables: [Tensor] = []
        while let tensor = vars.tensor(named: "\(variables.count)") { variables.append(tensor) }
        guard !variables.isEmpty else { return }
        let rates = optimizer.parts.map { $0.constantLearningRate }
        do throws(OptimizerStateError) {
            try optimizer.restore(
                kerasVariables: variables, for: model.parameters.filter { $0.isTrainable })
        } catch {
            throw KerasFileError(.mismatch, "\(file): the optimizer's state is not the model's: \(error)")
        }
        // The variable is the description's number rounded to float32: the exact one goes on with the same bits.
        for (part, rate) in zip(optimizer.parts, rates) {
            if let rate, Float(rate) == Float(part.learningRate) { part.learningRate = rate }
        }
    }

    /// The names of the layers that give the outputs, in the outputs' order; empty for a model of one.
    private static func outputNames(of config: JSON) -> [String] {
        (config["config"]?["output_layers"]?.array ?? []).compactMap { $0.array?.first?.string }
    }

    /// The description with lists in place of members by the outputs' names, which Keras allows.
    private static func listed(_ json: JSON.Object, by names: [String]) -> JSON {
        var json = json
        if let losses = json["loss"]?.object, losses["class_name"] == nil {
            json["loss"] = .array(names.map { losses[$0] ?? nil })
        }
        if let weights = json["loss_weights"]?.object {
            json["loss_weights"] = .array(names.map { weights[$0] ?? 1.0 })
        }
        for key in ["metrics", "weighted_metrics"] {
            if let metrics = json[key]?.object, metrics["class_name"] == nil {
                json[key] = .array(names.map { name in metrics[name].map(list) ?? [] })
            } else if let metrics = json[key]?.array, names.count > 1, metrics.count == names.count {
                // A list with an entry for each output, which may be one metric or none.
                json[key] = .array(metrics.map(list))
            }
        }
        return .object(json)
    }

    private static func list(_ json: JSON) -> JSON {
        switch json {
        case .array: json
        case .null: []
        default: [json]
        }
    }
}
