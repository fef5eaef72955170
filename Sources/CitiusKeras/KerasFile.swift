import CitiusConfiguration
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Keras's own files of models: `.keras`, with architecture, compilation, weights and the optimizer's state, and
/// `.weights.h5`.
///
/// ```swift
/// let model = try KerasFile.load(from: "model.keras")
/// let predictions = try model.predict(images)
/// try KerasFile.save(model, to: "copy.keras")
/// ```
///
/// A `.keras` file is a zip archive of `metadata.json`, `config.json` and `model.weights.h5`; Docs/KerasFiles.md says how
/// weights are found in it. Files are checked before memory is taken for what they claim to hold, and written so that
/// they are whole or not there.
public enum KerasFile {
    /// Reads a model from a `.keras` file.
    ///
    /// - Parameters:
    ///   - types: what layers and functions the file may name; those of your own are added to the library's.
    ///   - compiling: whether the model is compiled as it was saved, with the optimizer's state. Without, it only
    ///     predicts, and may have been compiled with what Citius does not have.
    ///   - seed: of what is random in further training; nil takes one at random.
    /// - Throws: a `KerasFileError` that says what is wrong with the file, or what Citius does not have.
    public static func load(
        from path: String, types: ConfigurationTypes = .library, compiling: Bool = true, seed: UInt64? = nil
    ) throws(KerasFileError) -> Model {
        try read(contents(of: path), name: path, types: types, compiling: compiling, seed: seed)
    }

    /// Writes a model to a `.keras` file, with the compilation and the optimizer's state if it is compiled.
    ///
    /// - Throws: a `KerasFileError` if the file cannot be written, or if a layer, loss, metric or optimizer of your own
    ///   does not describe itself.
    public static func save(_ model: Model, to path: String) throws(KerasFileError) {
        try write(bytes(of: model), to: path)
    }

    /// Reads weights, from a `.weights.h5` or a `.keras` file, into a model of the same architecture that is built.
    ///
    /// Nothing changes if something does not fit.
    ///
    /// - Throws: a `KerasFileError` with a list of what is missing, unexpected or of another shape.
    public static func loadWeights(into model: Model, from path: String) throws(KerasFileError) {
        let bytes = try contents(of: path)
        let isArchive = bytes.starts(with: [0x50, 0x4B])
        let weights =
            isArchive ? try required("model.weights.h5", of: ZipArchive(bytes, name: path), path) : bytes
        try KerasWeights.read(HDF5.read(weights, name: path), into: model, file: path)
    }

    /// Writes a model's weights to a `.weights.h5` file.
    ///
    /// - Throws: a `KerasFileError` if the file cannot be written.
    public static func saveWeights(of model: Model, to path: String) throws(KerasFileError) {
        try write(HDF5.bytes(of: KerasWeights.tree(of: model)), to: path)
    }

    // MARK: Whole models

    package static func bytes(of model: Model) throws(KerasFileError) -> [UInt8] {
        guard model.isBuilt else {
            throw KerasFileError(
                .unsupported,
                "\(model.label) is not built and has no weights to save: begin it with an Input, or build it first."
            )
        }
        var config: JSON
        do { config = try model.architecture() } catch {
            throw KerasFileError(.unsupported, error.description)
        }
        var tree = KerasWeights.tree(of: model)
        if let compilation = model.compilation, let optimizer = model.optimizer {
            config = config.setting("compile_config", to: try KerasCompilation.json(of: compilation))
            let parameters = model.parameters.filter { $0.isTrainable }
            KerasCompilation.write(optimizer, of: parameters, to: &tree)
        }
        let metadata: JSON = ["keras_version": "3.15.1", "date_saved": .string(dateOfNow())]
        return try ZipArchive.bytes(of: [
            ("metadata.json", Array(metadata.text().utf8)), ("config.json", Array(config.text().utf8)),
            ("model.weights.h5", try HDF5.bytes(of: tree)),
        ])
    }

    /// - Parameter name: what messages call the file.
    package static func read(
        _ bytes: [UInt8], name: String = "the bytes", types: ConfigurationTypes = .library,
        compiling: Bool = true,
        seed: UInt64? = nil
    ) throws(KerasFileError) -> Model {
        let archive = try ZipArchive(bytes, name: name)
        let text = try required("config.json", of: archive, name)
        let config: JSON
        do throws(JSON.ParsingError) {
            config = try JSON(
                parsing: text,
                options: JSON.ParsingOptions(acceptsNonFiniteNumbers: true))
        } catch {
            throw KerasFileError(.malformed, "\(name): its config.json is no valid JSON at \(error).")
        }
        let tree = try HDF5.read(required("model.weights.h5", of: archive, name), name: name)
        let model = try KerasWeights.model(
            of: config, tree, assets: archive, file: name, types: types, seed: seed)
        if compiling { try KerasCompilation.compile(model, of: config, tree, file: name, types: types) }
        return model
    }

    // MARK: Files

    private static func contents(of path: String) throws(KerasFileError) -> [UInt8] {
        do throws(DataError) {
            let file = try FileSource(path: path)
            return try file.readBytes(file.remainingByteLimit ?? 0)
        } catch {
            throw KerasFileError(error.kind == .missing ? .missing : .unreadable, error.message)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(KerasFileError) {
        do throws(WritingFailure) {
            let file = try AtomicFile(for: path)
            try file.write(bytes)
            try file.commit()
        } catch {
            throw KerasFileError(.unwritable, error.description)
        }
    }

    private static func required(
        _ member: String, of archive: ZipArchive, _ name: String
    ) throws(KerasFileError) -> [UInt8] {
        guard let bytes = try archive.member(named: member) else {
            throw KerasFileError(
                .malformed, "\(name) has no \(member): it is a zip archive, and not one of Keras's models.")
        }
        return bytes
    }

    /// In Keras's form, `2026-11-25@03:14:15`.
    private static func dateOfNow() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%d@%H:%M:%S", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension JSON {
    /// The object with a further member.
    fileprivate func setting(_ key: String, to value: JSON) -> JSON {
        var object = object ?? [:]
        object[key] = value
        return .object(object)
    }
}
