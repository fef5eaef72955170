import CitiusImages
import CitiusTestSupport
import Testing

@Suite struct ImageResamplingTests {
    static let sizes = [(32, 40), (75, 50), (120, 33), (150, 202), (25, 101)]

    /// Pillow's with antialias, torch's without; nearest as Pillow. Pillow rounds between the two axes.
    @Test(arguments: sizes) func resizedAsElsewhere(_ height: Int, _ width: Int) throws {
        let photo = try goldenPixels("photo")
        let (size, name) = (Size2D(height, width), "\(height)x\(width)")
        expectPixels(
            photo.resizedImage(to: size), try goldenPixels("bilinear-\(name)"), within: 1, mean: 0.3, name)
        expectPixels(
            photo.resizedImage(to: size, antialias: false), try goldenPixels("plain-\(name)"), within: 1,
            mean: 0.01, name)
        expectPixels(photo.resizedImage(to: size, by: .nearest), try goldenPixels("nearest-\(name)"), name)
        if height <= 75 && width <= 101 {
            expectPixels(
                photo.resizedImage(to: size, by: .area), try goldenPixels("area-\(name)"), within: 1,
                mean: 0.01, name)
        }
    }

    @Test(arguments: [1, 2, 3, 4]) func channelsDoNotMix(_ channels: Int) {
        let image = picture(21, 17, channels: channels)
        for resampling in [ImageResampling.nearest, .bilinear, .area] {
            let whole = image.resizedImage(to: [9, 30], by: resampling)
            for channel in 0..<channels {
                let part = image.sliced(channel..<channel + 1, axis: 2)
                expectPixels(
                    whole.sliced(channel..<channel + 1, axis: 2),
                    part.resizedImage(to: [9, 30], by: resampling),
                    "\(resampling) \(channel)")
            }
        }
    }

    @Test func extremeSizes() {
        let image = picture(40, 30)
        for resampling in [ImageResampling.nearest, .bilinear, .area] {
            #expect(image.resizedImage(to: 1, by: resampling).shape == [1, 1, 3])
            let pixel = image.croppedImage(to: 1, top: 39, left: 29)
            let large = pixel.resizedImage(to: [3, 50], by: resampling)
            #expect(
                large.elements(as: UInt8.self) == (0..<150).flatMap { _ in pixel.elements(as: UInt8.self) })
            expectPixels(image.resizedImage(to: [40, 30], by: resampling), image)
        }
        // The ends of the range stay.
        let white = Tensor(repeating: 255 as UInt8, shape: [17, 19, 3])
        expectPixels(white.resizedImage(to: [7, 40]), Tensor(repeating: 255 as UInt8, shape: [7, 40, 3]))
    }

    @Test func windows() {
        let image = picture(10, 12)
        let window = image.croppedImage(to: [3, 5], top: 7, left: 2)
        #expect(window.shape == [3, 5, 3])
        #expect(window[0][0].elements(as: UInt8.self) == image[7][2].elements(as: UInt8.self))
        #expect(window[2][4].elements(as: UInt8.self) == image[9][6].elements(as: UInt8.self))
    }
}
