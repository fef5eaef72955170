import CitiusImages
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusTestSupport
import Foundation
import Testing

@Suite struct ImageFolderTests {
    /// Calls `body` with a folder of classes, whose images are of a color of their own and of many sizes.
    private func withFolder(_ perClass: Int = 6, _ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for (label, name) in ["b", "a", "C"].enumerated() {
                for index in 0..<perClass {
                    let path = "\(folder)/\(name)" + (index == 1 ? "/within" : "")
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                    var color = [UInt8](repeating: 20, count: 3)
                    color[label] = 230
                    let flat = Tensor(color, shape: [1, 1, 3])
                    let image = flat.resizedImage(to: [20 + 7 * index, 50 - 3 * index + label])
                    if index == 2 {
                        try image.writePNG(to: "\(path)/\(index).png")
                    } else {
                        try image.writeJPEG(to: "\(path)/\(index).\(index == 0 ? "JPEG" : "jpg")")
                    }
                }
            }
            try write([1, 2, 3], to: folder + "/a/readme.txt")
            try write([1, 2, 3], to: folder + "/loose.jpg")
            try body(folder)
        }
    }

    /// All that is set for a folder holds for its parts.
    @Test func partsAreSetAsTheWhole() throws {
        try withFolder { folder in
            var images = try ImageFolder(
                folder, labelMode: .categorical, colorMode: .grayscale, imageSize: 9, fitting: .centerCrop(),
                corruptFiles: .skipped)
            images.resampling = .area
            images.antialias = false
            images.flipsHorizontally = true
            images.scale = 0.5
            images.pixelLimit = 1 << 20
            for part in [images.subset([1, 0]), images.split(validationSplit: 0.5).training] {
                #expect(part.imageSize == 9 && part.colorMode == .grayscale && part.fitting == .centerCrop())
                #expect(part.resampling == .area && !part.antialias && part.pixelLimit == 1 << 20)
                #expect(part.labelMode == .categorical && part.corruptFiles == .skipped)
                #expect(part.flipsHorizontally && part.scale == 0.5)
            }
        }
    }

    private func all(_ folder: ImageFolder) throws -> Batch {
        var batches = folder.batched(folder.count).makeIterator()
        return try #require(try batches.nextBatch())
    }

    // MARK: Listing

    @Test func listedInOrder() throws {
        try withFolder { folder in
            let images = try ImageFolder(folder)
            #expect(images.classNames == ["C", "a", "b"])
            #expect(images.metadata.classNames == images.classNames && images.metadata.origin == folder)
            let expected = ["C", "a", "b"].flatMap { name in
                ["0.JPEG", "2.png", "3.jpg", "4.jpg", "5.jpg", "within/1.jpg"].map {
                    "\(folder)/\(name)/\($0)"
                }
            }
            #expect(images.paths == expected)
            #expect(images.labels == [0, 1, 2].flatMap { [Int](repeating: $0, count: 6) })
            let two = try ImageFolder(folder, classNames: ["b", "C"])
            #expect(two.count == 12 && two.labels[0] == 0 && two.paths[0].contains("/b/"))
        }
    }

    @Test func foldersWithoutImagesAreErrors() throws {
        try withTemporaryFolder { folder in
            #expect(try dataError { _ = try ImageFolder(folder + "/none") }.kind == .missing)
            #expect(try dataError { _ = try ImageFolder(folder) }.message.contains("has no folders"))
            try FileManager.default.createDirectory(
                atPath: folder + "/a", withIntermediateDirectories: true)
            #expect(try dataError { _ = try ImageFolder(folder) }.kind == .empty)
            #expect(try dataError { _ = try ImageFolder(folder, classNames: ["x"]) }.message.contains("/x"))
        }
    }

    @Test(arguments: [false, true]) func splitsHaveNothingInCommon(stratified: Bool) throws {
        try withFolder(10) { folder in
            let images = try ImageFolder(folder)
            let (training, validation) = images.split(validationSplit: 0.3, seed: 4, stratified: stratified)
            #expect(training.count == 21 && validation.count == 9)
            #expect(Set(training.paths + validation.paths) == Set(images.paths))
            #expect(training.paths != images.paths.filter { training.paths.contains($0) })
            if stratified { #expect(validation.labels.sorted() == [0, 0, 0, 1, 1, 1, 2, 2, 2]) }
            #expect(
                images.split(validationSplit: 0.3, seed: 4, stratified: stratified).validation.paths
                    == validation.paths)
            #expect(
                images.split(validationSplit: 0.3, seed: 5, stratified: stratified).validation.paths
                    != validation.paths)
            if !stratified {
                let parts = try [ImageFolder.Subset.training, .validation].map {
                    try ImageFolder(folder, validationSplit: 0.3, subset: $0, seed: 4).paths
                }
                #expect(parts == [training.paths, validation.paths])
            }
            for (path, label) in zip(validation.paths, validation.labels) {
                #expect(path.contains("/\(images.classNames[label])/"))
            }
        }
    }

    // MARK: Batches

    @Test func imagesAndLabelsBelongTogether() throws {
        try withFolder { folder in
            var images = try ImageFolder(folder, imageSize: [9, 7])
            let batch = try all(images)
            #expect(batch.inputs.shape == [18, 9, 7, 3] && batch.inputs.dtype == .float32)
            #expect(batch.targets == Tensor(images.labels.map { Int64($0) }))
            // C is blue, a green, b red.
            for sample in 0..<18 {
                let color = batch.inputs[sample].mean(axes: [0, 1]).elements(as: Float.self)
                let expected: [Float] = [[20, 20, 230], [20, 230, 20], [230, 20, 20]][images.labels[sample]]
                #expect(
                    zip(color, expected).allSatisfy { abs($0 - $1) < 4 }, "\(images.paths[sample]): \(color)")
            }
            images.scale = 1 / 255
            expectClose(try all(images).inputs, batch.inputs / 255, absolute: 1e-6)
            images.colorMode = .grayscale
            #expect(try all(images).inputs.shape == [18, 9, 7, 1])
            images.colorMode = .rgba
            let opaque = try all(images).inputs
            #expect(opaque.shape == [18, 9, 7, 4] && opaque[0][0][0][3].scalar == 1)
            images.labelMode = .categorical
            #expect(try all(images).targets == Tensor(images.labels.map { Int64($0) }).oneHot(3))
            var two = try ImageFolder(folder, labelMode: .binary, classNames: ["a", "b"])
            two.imageSize = 3
            let targets = try all(two).targets
            #expect(
                targets.shape == [12, 1] && targets.elements(as: Float.self) == two.labels.map { Float($0) })
        }
    }

    @Test func theSameSeedGivesTheSameBitsOnAnyThreads() throws {
        try withFolder { folder in
            var images = try ImageFolder(folder, imageSize: 16)
            images.fitting = .randomResizedCrop()
            images.flipsHorizontally = true
            let orders = try [0, 1].map { pass in
                try expectSameBitsOnAnyThreads("pass \(pass)") {
                    var tensors: [Tensor] = []
                    for batch in images.batched(4).shuffled(seed: 3).pass(pass) {
                        tensors += [batch.inputs, batch.targets]
                    }
                    return tensors
                }
                return try #require(
                    Array(images.batched(18).shuffled(seed: 3).pass(pass)).first
                ).targets.elements(as: Int64.self)
            }
            #expect(orders[0] != orders[1] && orders[0].sorted() == orders[1].sorted())
            // Ahead, on threads of their own, they are the same.
            let plain = Array(images.batched(4).shuffled(seed: 3))
            let ahead = Array(images.batched(4).shuffled(seed: 3).prefetched(3, threads: 2))
            #expect(plain.map(\.inputs) == ahead.map(\.inputs))
            // A pass shows other windows than the last one.
            let first = Array(images.batched(18, dropRemainder: true).pass(0))
            let second = Array(images.batched(18).shuffled(seed: 1).pass(1))
            #expect(first[0].inputs != second[0].inputs)
        }
    }

    @Test func halfOfTheImagesAreMirrored() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/a", withIntermediateDirectories: true)
            // Dark on the left, light on the right.
            let image = Tensor([0, 255] as [UInt8], shape: [1, 2, 1])
            try image.resizedImage(to: [8, 16]).writePNG(to: folder + "/a/1.png")
            var images = ImageFolder(
                paths: [String](repeating: folder + "/a/1.png", count: 400),
                labels: [Int](repeating: 0, count: 400),
                classNames: ["a"], colorMode: .grayscale, imageSize: [8, 16])
            let plain = try all(images).inputs
            images.flipsHorizontally = true
            let batch = try #require(Array(images.batched(400).shuffled(seed: 5)).first).inputs
            let flipped = (0..<400).count { batch[$0][0][0].mean().scalar > 128 }
            #expect(flipped > 150 && flipped < 250)
            for index in 0..<20 {
                let isFlipped = batch[index][0][0].mean().scalar > 128
                #expect(batch[index] == (isFlipped ? plain[0].flipped(axes: [1]) : plain[0]))
            }
        }
    }

    // MARK: Corrupt files

    @Test func corruptFilesAreThrownOrSkipped() throws {
        try withFolder { folder in
            let broken = folder + "/a/3.jpg"
            try write(Array(try fileBytes(broken).prefix(300)), to: broken)
            var images = try ImageFolder(folder, imageSize: 8)
            let error = try dataError { _ = try all(images) }
            #expect(error.kind == .malformed && error.message.contains(broken), "\(error)")
            // What lies before it comes.
            var batches = images.batched(4).prefetched().makeIterator()
            #expect(try batches.nextBatch()?.count == 4)
            #expect(try batches.nextBatch()?.count == 4)
            #expect(try dataError { _ = try batches.nextBatch() } == error)

            let whole = images.subset(images.paths.indices.filter { images.paths[$0] != broken })
            images.corruptFiles = .skipped
            let batch = try all(images)
            #expect(batch.count == 17)
            let expected = try all(whole)
            #expect(batch.inputs == expected.inputs && batch.targets == expected.targets)
            #expect(images.skippedFiles == [error])
            _ = try all(images)
            #expect(images.skippedFiles == [error])

            let (good, faults) = images.verified()
            #expect(good.paths == whole.paths && faults == [error])

            // A batch of nothing but corrupt files is an error all the same.
            let only = images.subset([images.paths.firstIndex(of: broken) ?? 0])
            #expect(try dataError { _ = try all(only) }.message.hasPrefix("None of the 1 images"))
            try FileManager.default.removeItem(atPath: broken)
            images.corruptFiles = .thrown
            #expect(try dataError { _ = try all(images) }.kind == .missing)
        }
    }

    // MARK: Uses

    @Test func loadedIntoMemory() throws {
        try withFolder { folder in
            let images = try ImageFolder(folder, imageSize: 8)
            let data = try images.loaded()
            #expect(data.storedInputs.dtype == .uint8 && data.count == 18)
            #expect(data.metadata.classNames == images.classNames)
            let batch = try all(images)
            #expect(data.inputs == batch.inputs && data.targets == batch.targets)
        }
    }

    @Test func cachedImagesAreTheSame() throws {
        try withFolder { folder in
            var images = try ImageFolder(folder, imageSize: 8)
            images.flipsHorizontally = true
            for fitting in [ImageFitting.stretch, .randomResizedCrop()] {
                images.fitting = fitting
                let plain = [0, 1].map {
                    Array(images.batched(5).shuffled(seed: 2).pass($0)).map(\.inputs)
                }
                for limit in [1 << 20, 3_000, 0] {
                    let cached = images.cached(byteLimit: limit)
                    for pass in [0, 1, 0] {
                        #expect(
                            Array(cached.batched(5).shuffled(seed: 2).pass(pass)).map(\.inputs)
                                == plain[pass],
                            "\(fitting), \(limit) bytes")
                    }
                    #expect(cached.cachedByteCount <= limit && (limit == 0) == (cached.cachedByteCount == 0))
                }
            }
            // Nothing is read again.
            let cached = images.cached()
            let before = Array(cached.batched(18)).map(\.targets)
            try FileManager.default.removeItem(atPath: folder)
            #expect(Array(cached.batched(18)).map(\.targets) == before)
        }
    }

    @Test func modelsLearnFromFolders() throws {
        try withFolder { folder in
            var images = try ImageFolder(folder, imageSize: 8)
            images.fitting = .randomResizedCrop()
            images.scale = 1 / 255
            func train() throws -> Sequential {
                let model = Sequential(seed: 3) {
                    Input(8, 8, 3)
                    Conv2D(8, kernelSize: 3, activation: .tanh)
                    GlobalAveragePooling2D()
                    Dense(3, activation: .softmax)
                }
                model.compile(
                    optimizer: Adam(0.05), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
                try model.fit(images.batched(6).shuffled().prefetched(), epochs: 25, verbose: .silent)
                return model
            }
            let model = try train()
            #expect(try model.evaluate(images.batched(6), verbose: .silent)["accuracy"] == 1)
            #expect(model.weights == (try train()).weights)
        }
    }
}
