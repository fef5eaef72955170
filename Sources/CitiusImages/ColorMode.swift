import CitiusTensor

/// The channels that images come in. The names are Keras's.
public enum ColorMode: String, Sendable, Codable {
    /// 1 channel.
    case grayscale
    /// 3 channels. Of an image with transparency the colors alone, as they stand.
    case rgb
    /// 4 channels, of which the last is the opacity: 255 where the image does not say it.
    case rgba

    /// The number of channels.
    public var channels: Int {
        switch self {
        case .grayscale: 1
        case .rgb: 3
        case .rgba: 4
        }
    }
}

/// Turns pixels of some channels into pixels of others.
struct ChannelConversion {
    let from: Int
    let to: Int

    /// - Parameter pixels: `count` pixels of `from` channels; `out` has room for as many of `to`.
    func apply(
        _ pixels: UnsafePointer<UInt8>, count: Int, to out: UnsafeMutablePointer<UInt8>
    ) {
        if from == to {
            out.update(from: pixels, count: count * from)
            return
        }
        let (isColor, hasAlpha) = (from >= 3, from % 2 == 0)
        for pixel in 0..<count {
            let (source, target) = (pixels + pixel * from, out + pixel * to)
            let (red, green, blue) =
                isColor ? (source[0], source[1], source[2]) : (source[0], source[0], source[0])
            if to <= 2 {
                target[0] = isColor ? Self.luma(red, green, blue) : source[0]
            } else {
                (target[0], target[1], target[2]) = (red, green, blue)
            }
            if to % 2 == 0 { target[to - 1] = hasAlpha ? source[from - 1] : 255 }
        }
    }

    /// The brightness of a color (ITU-R BT.601), by the numbers that Pillow and libjpeg take.
    private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
        let (r, g, b) = (Int(red), Int(green), Int(blue))
        let sum: Int = r * 19_595 + g * 38_470 + b * 7_471
        return UInt8((sum + 0x8000) >> 16)
    }
}
