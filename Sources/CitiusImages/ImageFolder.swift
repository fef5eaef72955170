import CitiusData
import CitiusKernels
import CitiusPlatform
import Synchronization

/// Images in folders, one folder for each class: the layout of ImageNet, and of Keras's `image_dataset_from_directory`.
///
/// ```
/// train/n01440764/n01440764_10026.JPEG
/// train/n01440764/n01440764_10027.JPEG
/// train/n01443537/n01443537_10007.JPEG
/// ```
///
/// ```swift
/// var train = try ImageFolder("imagenet/train", imageSize: 224)
/// train.fitting = .randomResizedCrop()
/// train.flipsHorizontally = true
/// var test = try ImageFolder("imagenet/val", imageSize: 224)
/// test.fitting = .centerCrop()
/// try model.fit(train.batched(32).shuffled().prefetched(4), epochs: 90, validationData: test.batched(64))
/// ```
///
/// Files (JPEG and PNG) are listed at once and decoded when a batch is made, the images of a batch by all threads. Samples
/// come class by class, in the order of their paths by bytes: shuffle them. Of a JPEG file no more is decoded than the
/// window that is shown, in fewer pixels where the image is to be smaller.
///
/// Inputs are [batch, height, width, channels], float32 from 0 to 255 times ``scale``, each pixel a whole number before
/// that. The same seed gives the same bits on any number of threads.
public struct ImageFolder: Sendable {
    /// How the classes become targets. The names are Keras's.
    public enum LabelMode: String, Sendable {
        /// [batch], int64.
        case int
        /// [batch, classes], float32: 1 for the class, 0 for others.
        case categorical
        /// [batch, 1], float32: 0 or 1, of two classes.
        case binary
    }

    /// One of the two parts that a folder is split into. The names are Keras's.
    public enum Subset: String, Sendable {
        case training
        case validation
    }

    /// What becomes of a file that cannot be decoded.
    public enum CorruptFiles: Sendable {
        /// The batch is an error, which names the file.
        case thrown
        /// The batch has a sample less; the file is named on the standard error stream, once, and in ``ImageFolder/skippedFiles``.
        case skipped
    }

    /// The classes' names; a label is an index into them.
    public let classNames: [String]
    /// The files, a sample each.
    public let paths: [String]
    /// The samples' classes.
    public let labels: [Int]
    /// What is known about the samples.
    public var metadata: Metadata

    /// The size that images are given.
    public var imageSize: Size2D { didSet { checkSettings() } }
    public var colorMode: ColorMode
    /// Traps if it is set to `binary` while there are not two classes.
    public var labelMode: LabelMode { didSet { checkSettings() } }
    /// How images of other sizes and proportions are given that size.
    public var fitting: ImageFitting { didSet { checkSettings() } }
    public var resampling: ImageResampling = .bilinear
    /// Whether images that shrink are smoothed. Keras's function does not, nor does its resizing layer by default; Pillow
    /// and torchvision do. Without it JPEG files are decoded in full.
    public var antialias = true
    /// Whether one half of the images, by chance, is mirrored left to right.
    public var flipsHorizontally = false
    /// What bytes are multiplied by: 1 gives 0 to 255 as in Keras, 1 / 255 gives 0 to 1.
    public var scale = 1.0
    public var corruptFiles: CorruptFiles
    /// The most pixels that a file may have.
    public var pixelLimit = Tensor.defaultPixelLimit
    private let shared: SharedState

    /// The files in a folder, labelled by the folders that they are in.
    ///
    /// Follows `keras.utils.image_dataset_from_directory`, whose `batch_size` and `shuffle` are those of the batches here.
    ///
    /// - Parameters:
    ///   - directory: of the classes' folders. Files in folders within these are of the class as well.
    ///   - labelMode: how the classes become targets.
    ///   - classNames: which folders, in the order of the labels; nil: all, in the order of their names.
    ///   - imageSize: the height and the width; a number for both.
    ///   - validationSplit: the fraction of the samples that is kept to validate with, with `subset`.
    ///   - subset: which part this is. The two parts of the same seed have no sample in common.
    ///   - seed: of the split.
    ///   - followingLinks: whether symbolic links to folders are entered.
    /// - Throws: a `DataError` if a folder is missing, cannot be read, or has no images.
    ///
    /// Traps if the size is not positive, the split not within 0 and 1, only one of `validationSplit` and `subset` is given,
    /// or the label mode is `binary` and there are not two classes.
    public init(
        _ directory: String, labelMode: LabelMode = .int, classNames: [String]? = nil,
        colorMode: ColorMode = .rgb, imageSize: some Size2DConvertible = 256, validationSplit: Double? = nil,
        subset: Subset? = nil, seed: UInt64 = 0, fitting: ImageFitting = .stretch,
        corruptFiles: CorruptFiles = .thrown, followingLinks: Bool = false
    ) throws(DataError) {
        var classes = classNames ?? []
        if classNames == nil {
            classes = try FolderListing.entries(of: directory).filter { $0.isFolder }.map { $0.name }
        }
        guard !classes.isEmpty else {
            throw DataError(
                .empty, "\(directory) has no folders; put the images of each class into one of its own.")
        }
        var (paths, labels): ([String], [Int]) = ([], [])
        for (label, name) in classes.enumerated() {
            let files = try FolderListing.files(
                below: directory + "/" + name, suffixes: [".jpg", ".jpeg", ".png"],
                followingLinks: followingLinks)
            paths += files
            labels += files.map { _ in label }
        }
        guard !paths.isEmpty else {
            throw DataError(
                .empty, "The folders in \(directory) have no files whose names end in .jpg, .jpeg or .png.")
        }
        let all = ImageFolder(
            paths: paths, labels: labels, classNames: classes, labelMode: labelMode, colorMode: colorMode,
            imageSize: imageSize, fitting: fitting, corruptFiles: corruptFiles, origin: directory)
        require(
            (validationSplit == nil) == (subset == nil),
            "ImageFolder: validationSplit and subset are given together or not at all")
        guard let validationSplit, let subset else {
            self = all
            return
        }
        let parts = all.split(validationSplit: validationSplit, seed: seed)
        self = subset == .training ? parts.training : parts.validation
    }

    /// Files from anywhere.
    ///
    /// Traps if there is not one label for each path, a label is none of the classes, or the size is not positive.
    public init(
        paths: [String], labels: [Int], classNames: [String], labelMode: LabelMode = .int,
        colorMode: ColorMode = .rgb, imageSize: some Size2DConvertible = 256,
        fitting: ImageFitting = .stretch,
        corruptFiles: CorruptFiles = .thrown, origin: String = ""
    ) {
        require(
            paths.count == labels.count,
            "ImageFolder: \(paths.count) paths and \(labels.count) labels, expected one for each path")
        for label in labels {
            require(
                classNames.indices.contains(label),
                "ImageFolder: a label is \(label), expected an index of the \(classNames.count) classes")
        }
        self.paths = paths
        self.labels = labels
        self.classNames = classNames
        self.labelMode = labelMode
        self.colorMode = colorMode
        self.imageSize = imageSize.size2D
        self.fitting = fitting
        self.corruptFiles = corruptFiles
        metadata = Metadata(classNames: classNames, origin: origin)
        shared = SharedState()
        checkSettings()
    }

    /// The number of samples.
    public var count: Int { paths.count }

    public var isEmpty: Bool { paths.isEmpty }

    /// What was wrong with the files that were skipped so far, in the order of their paths.
    public var skippedFiles: [DataError] {
        shared.skipped.withLock { $0.sorted { $0.key < $1.key }.map { $0.value } }
    }

    /// The samples of a list of numbers, in its order. Traps if a number is out of range.
    public func subset(_ samples: [Int]) -> ImageFolder {
        for sample in samples {
            require(
                paths.indices.contains(sample),
                "subset: sample \(sample) is outside the folder of \(count) images")
        }
        var part = ImageFolder(
            paths: samples.map { paths[$0] }, labels: samples.map { labels[$0] }, classNames: classNames,
            labelMode: labelMode, colorMode: colorMode, imageSize: imageSize, fitting: fitting,
            corruptFiles: corruptFiles)
        part.metadata = metadata
        part.resampling = resampling
        part.antialias = antialias
        part.flipsHorizontally = flipsHorizontally
        part.scale = scale
        part.pixelLimit = pixelLimit
        return part
    }

    /// Two parts that have no sample in common, chosen by chance.
    ///
    /// - Parameters:
    ///   - validationSplit: the fraction of the samples that is kept to validate with, rounded down.
    ///   - stratified: whether each class is split so, its samples rounded to the nearest number.
    ///
    /// Traps unless the fraction is above 0 and below 1.
    public func split(
        validationSplit: Double, seed: UInt64 = 0, stratified: Bool = false
    ) -> (training: ImageFolder, validation: ImageFolder) {
        require(
            validationSplit > 0 && validationSplit < 1,
            "split: validationSplit is \(validationSplit), expected a fraction above 0 and below 1")
        var generator = RandomGenerator(seed: seed)
        let shuffled = Tensor(permutation: count, using: &generator).elements(as: Int64.self).map { Int($0) }
        guard stratified else {
            let kept = Int(Double(count) * validationSplit)
            return (subset(Array(shuffled.dropLast(kept))), subset(Array(shuffled.suffix(kept))))
        }
        var left = (0..<classNames.count).map { label in
            Int((Double(labels.count { $0 == label }) * validationSplit).rounded())
        }
        var (training, validation): ([Int], [Int]) = ([], [])
        for sample in shuffled {
            if left[labels[sample]] > 0 {
                left[labels[sample]] -= 1
                validation.append(sample)
            } else {
                training.append(sample)
            }
        }
        return (subset(training), subset(validation))
    }

    private func checkSettings() {
        settings.check("ImageFolder")
        require(
            labelMode != .binary || classNames.count == 2,
            "ImageFolder: the label mode is binary with \(classNames.count) classes, expected 2")
    }
}

// MARK: Decoding

extension ImageFolder {
    var settings: ImageSettings {
        ImageSettings(
            size: imageSize, colorMode: colorMode, fitting: fitting, resampling: resampling,
            antialias: antialias, pixelLimit: pixelLimit)
    }

    /// The bytes of an image.
    var sampleCount: Int { imageSize.height * imageSize.width * colorMode.channels }

    /// Calls `body` for each of `count` images, with a decoder that no other thread uses; by all threads, if it may.
    ///
    /// - Returns: the errors by number.
    func forEachImage(
        _ count: Int, usesPool: Bool, _ body: (Int, ImageFitter) throws(DataError) -> Void
    ) -> [(index: Int, error: DataError)] {
        let errors = Mutex<[(index: Int, error: DataError)]>([])
        func run(_ index: Int) {
            let fitter = shared.takeFitter()
            do throws(DataError) {
                try body(index, fitter)
            } catch {
                errors.withLock { $0.append((index, error)) }
            }
            shared.giveBack(fitter)
        }
        if usesPool {
            ThreadPool.shared.run(count, run)
        } else {
            for index in 0..<count { run(index) }
        }
        return errors.withLock { $0.sorted { $0.index < $1.index } }
    }

    /// The targets of some samples.
    func targets(of samples: some Collection<Int>) -> Tensor {
        let labels = samples.map { self.labels[$0] }
        switch labelMode {
        case .int: return Tensor(labels.map { Int64($0) })
        case .binary: return Tensor(labels.map { Float($0) }, shape: [labels.count, 1])
        case .categorical:
            return Tensor(labels.map { Int64($0) }).oneHot(classNames.count)
        }
    }

    /// The samples of a batch.
    ///
    /// - Parameters:
    ///   - generator: what is random is drawn from it, by each sample from a stream of its own.
    ///   - store: what was kept in memory, if anything is.
    func batch(
        of samples: [Int], using generator: RandomGenerator, usesPool: Bool, store: ImageStore?
    ) throws(DataError) -> Batch {
        let size = sampleCount
        var seeds = generator
        let generators = samples.map { _ in seeds.split() }
        let inputs = Tensor(uninitialized: shape(of: samples.count), dtype: .float32)
        let pixels = inputs.storage.pointer.assumingMemoryBound(to: Float.self)
        let errors = forEachImage(samples.count, usesPool: usesPool) { index, fitter throws(DataError) in
            var generator = generators[index]
            let bytes = fitter.result.elements(size, of: UInt8.self)
            try decode(samples[index], by: fitter, using: &generator, into: bytes, store: store)
            writeFloats(bytes, to: pixels + index * size, isFlipped: flips(using: &generator))
        }
        guard let first = errors.first else {
            return Batch(inputs: inputs, targets: targets(of: samples))
        }
        let whole = try samplesLeft(of: samples.count, after: errors) { paths[samples[$0]] }
        guard !whole.isEmpty else {
            throw DataError(
                first.error.kind,
                "None of the \(samples.count) images of a batch can be decoded. The first: \(first.error.message)"
            )
        }
        return Batch(
            inputs: inputs.taking(Tensor(whole.map { Int64($0) })),
            targets: targets(of: whole.map { samples[$0] }))
    }

    /// Decodes an image, or takes it from what is kept.
    private func decode(
        _ sample: Int, by fitter: ImageFitter, using generator: inout RandomGenerator,
        into out: UnsafeMutablePointer<UInt8>, store: ImageStore?
    ) throws(DataError) {
        let path = paths[sample]
        guard let store else {
            try fitter.decode(path: path, to: settings, using: &generator, into: out)
            return
        }
        guard fitting.isRandom else {
            if let pixels = store[sample] {
                out.update(from: pixels, count: pixels.count)
                return
            }
            try fitter.decode(path: path, to: settings, using: &generator, into: out)
            store[sample] = Array(UnsafeBufferPointer(start: out, count: sampleCount))
            return
        }
        // Another window each time: the file is kept.
        if let bytes = store[sample] {
            try fitter.decode(bytes, name: path, to: settings, using: &generator, into: out)
            return
        }
        let bytes = Array(try readFile(path, into: fitter.file))
        try fitter.decode(bytes, name: path, to: settings, using: &generator, into: out)
        store[sample] = bytes
    }

    private func shape(of samples: Int) -> Shape {
        [samples, imageSize.height, imageSize.width, colorMode.channels]
    }

    /// Which of `count` samples are left after some could not be decoded.
    ///
    /// - Throws: the first error, unless corrupt files are skipped.
    private func samplesLeft(
        of count: Int, after errors: [(index: Int, error: DataError)], path: (Int) -> String
    ) throws(DataError) -> [Int] {
        if corruptFiles == .thrown, let first = errors.first { throw first.error }
        for (index, error) in errors { shared.skip(path(index), error) }
        let broken = Set(errors.map { $0.index })
        return (0..<count).filter { !broken.contains($0) }
    }

    /// All images in memory, as bytes that are batched as floats: for folders that are small, or to validate with.
    ///
    /// Traps if the fitting is random: each image is decoded once.
    ///
    /// - Throws: a `DataError` for a file that cannot be decoded, unless such files are skipped.
    public func loaded() throws(DataError) -> Dataset {
        require(!fitting.isRandom, "loaded: the fitting is \(fitting), which shows another window each time")
        let size = sampleCount
        let images = Tensor(uninitialized: shape(of: count), dtype: .uint8)
        let pixels = images.storage.pointer.assumingMemoryBound(to: UInt8.self)
        let errors = forEachImage(count, usesPool: true) { index, fitter throws(DataError) in
            var generator = RandomGenerator(seed: 0)
            try fitter.decode(
                path: paths[index], to: settings, using: &generator, into: pixels + index * size)
        }
        let whole = try samplesLeft(of: count, after: errors) { paths[$0] }
        let inputs = errors.isEmpty ? images : images.taking(Tensor(whole.map { Int64($0) }))
        return Dataset(inputs: inputs, targets: targets(of: whole), metadata: metadata).scaled(by: scale)
    }

    /// The samples whose files can be decoded, all of each, and what is wrong with the others: a look at a folder before a
    /// long training.
    public func verified() -> (good: ImageFolder, faults: [DataError]) {
        let errors = forEachImage(count, usesPool: true) { index, fitter throws(DataError) in
            try fitter.check(path: paths[index], pixelLimit: pixelLimit)
        }
        let broken = Set(errors.map { $0.index })
        return (subset(paths.indices.filter { !broken.contains($0) }), errors.map { $0.error })
    }

    func flips(using generator: inout RandomGenerator) -> Bool {
        flipsHorizontally && generator.uniform() < 0.5
    }

    /// Writes an image's bytes as a model takes them.
    func writeFloats(
        _ bytes: UnsafePointer<UInt8>, to out: UnsafeMutablePointer<Float>, isFlipped: Bool
    ) {
        let (scale, channels, width) = (Float(scale), colorMode.channels, imageSize.width)
        guard isFlipped else {
            for index in 0..<sampleCount { out[index] = Float(bytes[index]) * scale }
            return
        }
        for row in 0..<imageSize.height {
            let (source, target) = (bytes + row * width * channels, out + row * width * channels)
            for column in 0..<width {
                let (from, to) = ((width - 1 - column) * channels, column * channels)
                for channel in 0..<channels { target[to + channel] = Float(source[from + channel]) * scale }
            }
        }
    }
}

/// What copies of a folder share: decoders with their memory, and what was found out about files.
final class SharedState: Sendable {
    private let fitters = Mutex<[ImageFitter]>([])
    let skipped = Mutex<[String: DataError]>([:])

    func takeFitter() -> ImageFitter { fitters.withLock { $0.popLast() } ?? ImageFitter() }

    func giveBack(_ fitter: ImageFitter) { fitters.withLock { $0.append(fitter) } }

    /// Says of a file once that it is skipped.
    func skip(_ path: String, _ error: DataError) {
        let isNew = skipped.withLock { $0.updateValue(error, forKey: path) == nil }
        if isNew { Console.warn("Skipped: \(error.message)") }
    }
}

// MARK: Samples

extension ImageFolder: PooledSampleSource {
    /// The samples of some numbers, in this order; what is random comes out the same each time. ``batched(_:dropRemainder:)``
    /// is what trainings take.
    public func batch(of samples: ArraySlice<Int>) throws(DataError) -> Batch {
        try batch(of: samples, using: RandomGenerator(seed: 0), usesPool: true)
    }

    package var isRandom: Bool { fitting.isRandom || flipsHorizontally }

    package func batch(
        of samples: ArraySlice<Int>, using generator: RandomGenerator, usesPool: Bool
    ) throws(DataError) -> Batch {
        try batch(of: Array(samples), using: generator, usesPool: usesPool, store: nil)
    }
}
