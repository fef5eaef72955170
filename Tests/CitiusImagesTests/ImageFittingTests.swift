import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusImages

@Suite struct ImageFittingTests {
    private func fitted(
        _ file: String, _ fitting: ImageFitting, _ size: Size2D, resampling: ImageResampling = .bilinear,
        antialias: Bool = true, colorMode: ColorMode = .rgb, seed: UInt64 = 1
    ) throws -> Tensor {
        var generator = RandomGenerator(seed: seed)
        return try Tensor(
            imageBytes: fileBytes(golden(file)), fitting: fitting, to: size, colorMode: colorMode,
            resampling: resampling, antialias: antialias, using: &generator)
    }

    /// Keras passes pixels over where images shrink.
    @Test(arguments: [(30, 30), (20, 60), (90, 41)]) func fittedAsByKeras(_ height: Int, _ width: Int) throws
    {
        for (name, fitting) in [
            ("stretch", ImageFitting.stretch), ("crop", .cropToAspectRatio), ("pad", .padToAspectRatio),
        ] {
            expectPixels(
                try fitted("photo.jpg", fitting, Size2D(height, width), antialias: false),
                try goldenPixels("\(name)-\(height)x\(width)"), within: 1, mean: 0.01,
                "\(name) \(height)×\(width)")
        }
    }

    /// Every place is one that a random window may have, those at the edges too.
    @Test func randomWindowsReachAllEdges() {
        var generator = RandomGenerator(seed: 1)
        let size = Size2D(8, 9)
        var (tops, bottoms, lefts, rights): (Set<Int>, Set<Int>, Set<Int>, Set<Int>) = ([], [], [], [])
        for _ in 0..<2_000 {
            let window = ImageFitting.randomResizedCrop(scale: 0.3...0.6, ratio: 0.5...2).window(
                of: size, for: Size2D(4, 4), using: &generator)
            if window.rows.count == 5 {
                tops.insert(window.rows.lowerBound)
                bottoms.insert(window.rows.upperBound)
            }
            if window.columns.count == 5 {
                lefts.insert(window.columns.lowerBound)
                rights.insert(window.columns.upperBound)
            }
        }
        #expect(tops == [0, 1, 2, 3] && bottoms == [5, 6, 7, 8])
        #expect(lefts == [0, 1, 2, 3, 4] && rights == [5, 6, 7, 8, 9])
    }

    /// Windows are those of torchvision's crop, then resized; where the image shrinks much, the DCT does part of it.
    @Test func windowsAreThoseOfTorchvision() throws {
        let bytes = try fileBytes(golden("photo.jpg"))
        for (top, left, height, width) in [
            (5, 7, 40, 60), (0, 0, 75, 101), (30, 41, 45, 60), (60, 90, 10, 5),
        ] {
            let expected = try goldenPixels("window-\(top)-\(left)-\(height)-\(width)")
            let whole = try Tensor(imageBytes: bytes)
            let window = whole.croppedImage(to: [height, width], top: top, left: left)
            expectPixels(window.resizedImage(to: [24, 20]), expected, within: 1, mean: 0.3)
        }
    }

    /// What the decoder leaves out changes nothing of what is shown.
    @Test(arguments: [
        "photo.jpg", "422.jpg", "444.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "rgba8.png",
    ])
    func windowsAreThoseOfTheWholeImage(_ file: String) throws {
        let whole = try Tensor(contentsOfImage: golden(file), colorMode: .rgb)
        let size = Size2D(whole.shape[0], whole.shape[1])
        for seed in 0..<20 as Range<UInt64> {
            let fitting = ImageFitting.randomResizedCrop(scale: seed < 10 ? 0.02...0.8 : 0.0002...0.01)
            var generator = RandomGenerator(seed: seed)
            let window = fitting.window(of: size, for: Size2D(16, 12), using: &generator)
            let expected = whole.croppedImage(
                to: Size2D(window.rows.count, window.columns.count), top: window.rows.lowerBound,
                left: window.columns.lowerBound)
            for resampling in [ImageResampling.nearest, .bilinear] {
                expectPixels(
                    try fitted(
                        file, fitting, Size2D(16, 12), resampling: resampling, antialias: false, seed: seed),
                    expected.resizedImage(to: [16, 12], by: resampling, antialias: false),
                    "\(file), seed \(seed), \(resampling)")
            }
        }
    }

    /// The DCT gives the smaller images that Pillow's draft gives; resized further they are near those of the whole.
    @Test func theDCTScales() throws {
        let bytes = try fileBytes(golden("photo.jpg"))
        for divisor in [2, 4, 8] {
            let expected = try goldenPixels("photo-\(divisor)")
            let image = try bytes.withUnsafeBytes { bytes in
                let file = try ImageFile(bytes, name: "photo", pixelLimit: 1 << 20)
                #expect(file.divisor(for: Double(divisor) + 0.5) == divisor)
                let (rows, columns) = (expected.shape[0], expected.shape[1])
                let pixels = ScratchMemory()
                try file.read(
                    0..<rows, 0..<columns, divisor: divisor, channels: 3, into: pixels,
                    scratch: ScratchMemory()
                )
                return Tensor(
                    Array(
                        UnsafeBufferPointer(
                            start: pixels.elements(rows * columns * 3, of: UInt8.self),
                            count: rows * columns * 3)),
                    shape: expected.shape)
            }
            expectPixels(image, expected, "1/\(divisor)")
        }
        for side in [36, 20, 10] {
            let whole = try Tensor(imageBytes: bytes).resizedImage(to: Size2D(side))
            expectPixels(
                try fitted("photo.jpg", .stretch, Size2D(side)), whole, within: 40, mean: 4, "\(side)")
        }
    }

    @Test func centerCrop() throws {
        let whole = try Tensor(contentsOfImage: golden("photo.jpg"))
        // 75 × 101: the largest square is 75, 7/8 of it 66.
        expectPixels(
            try fitted("photo.jpg", .centerCrop(), 66, antialias: false),
            whole.croppedImage(to: 66, top: 4, left: 17))
        expectPixels(
            try fitted("photo.jpg", .centerCrop(fraction: 1), Size2D(75, 101), antialias: false), whole)
    }

    /// Areas are spread evenly over the scale, proportions over the logarithm of the ratio.
    @Test func randomWindowsAreSpreadAsTheyShould() {
        let fitting = ImageFitting.randomResizedCrop()
        let seed = UInt64.random(in: 0 ... .max)
        var generator = RandomGenerator(seed: seed)
        let size = Size2D(400, 400)
        var (areas, ratios, tops): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<4_000 {
            let (rows, columns) = fitting.window(of: size, for: Size2D(224), using: &generator)
            #expect((0...400).contains(rows.lowerBound) && rows.upperBound <= 400 && !rows.isEmpty)
            #expect((0...400).contains(columns.lowerBound) && columns.upperBound <= 400 && !columns.isEmpty)
            areas.append(Double(rows.count * columns.count) / 160_000)
            ratios.append(Double.log(Double(columns.count) / Double(rows.count)))
            tops.append(rows.count == 400 ? 0.5 : Double(rows.lowerBound) / Double(400 - rows.count))
        }
        func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(numbers.count) }
        #expect(areas.min()! > 0.07 && areas.max()! <= 1, "seed \(seed)")
        // Windows that do not fit are drawn again, so that large ones are rarer.
        #expect(areas.count { $0 < 0.3 } > 970 && areas.count { $0 < 0.3 } < 1_260, "seed \(seed)")
        #expect(abs(mean(ratios)) < 0.02 && abs(mean(tops) - 0.5) < 0.02, "seed \(seed)")
        #expect(ratios.min()! > -0.31 && ratios.max()! < 0.31 && ratios.max()! > 0.27, "seed \(seed)")
    }

    /// Images in which no window of the wanted proportions has room.
    @Test func thinImages() {
        var generator = RandomGenerator(seed: 1)
        for size in [Size2D(1, 1), Size2D(1, 500), Size2D(500, 1), Size2D(2, 3)] {
            for fitting in [
                ImageFitting.randomResizedCrop(), .centerCrop(), .cropToAspectRatio, .stretch,
                .randomResizedCrop(scale: 0.0001...0.001),
            ] {
                let (rows, columns) = fitting.window(of: size, for: Size2D(7, 9), using: &generator)
                #expect(
                    !rows.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= size.height,
                    "\(fitting) \(size)")
                #expect(!columns.isEmpty && columns.lowerBound >= 0 && columns.upperBound <= size.width)
            }
        }
    }
}
