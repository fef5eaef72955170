import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    // MARK: Places

    /// Images taken from where transforms point, such as rotations, translations and shears
    /// (`keras.ops.image.affine_transform`).
    ///
    /// A pixel (x, y) of the result shows the input at ((a₀x + a₁y + a₂)/k, (b₀x + b₁y + b₂)/k) with k = c₀x + c₁y + 1.
    /// (Keras on JAX does without k; it is 1 for affine transforms.) Pullback: each pixel's gradient is added where the
    /// pixel was taken from.
    ///
    /// - Parameters:
    ///   - transforms: [batch, 8], or [8] for all, in the order a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁.
    ///   - interpolation: `bilinear` or `nearest`.
    ///   - fill: what lies beyond the edges.
    /// - Returns: of [batch, height, width, channels], the same shape.
    ///
    /// Traps if a shape does not fit, or for another interpolation.
    public func transformed(
        by transforms: Tensor, interpolation: Interpolation = .bilinear, fill: FillMode = .constant,
        fillValue: Double = 0
    ) -> Variable {
        require(
            shape.rank == 4,
            "transformed: input \(shape) has rank \(shape.rank), expected 4 [batch, height, width, channels]")
        require(
            transforms.shape == [shape[0], 8] || transforms.shape == [8],
            "transformed: transforms of shape \(transforms.shape), expected [\(shape[0]), 8] or [8]")
        require(
            interpolation == .bilinear || interpolation == .nearest,
            "transformed: interpolation \(interpolation), expected bilinear or nearest")
        let transforms = transforms.cast(to: .float64).expanded(to: [shape[0], 8])
        let beyond: ProjectiveTransform.Fill =
            switch fill {
            case .reflect: .reflect
            case .wrap: .wrap
            case .nearest: .nearest
            case .constant: .constant(fillValue)
            }
        let kernel = ProjectiveTransform(
            batch: shape[0], height: shape[1], width: shape[2], channels: shape[3], fill: beyond,
            isBilinear: interpolation == .bilinear)
        let input = self
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let y = Tensor(shape: input.shape) { (out: UnsafeMutablePointer<T>) in
                input.value.withElements { x in
                    transforms.withElements { kernel.apply(x, transforms: $0, to: out) }
                }
            }
            return input.computing(y) { dy in
                Tensor(shape: dy.shape) { (out: UnsafeMutablePointer<T>) in
                    dy.withElements { dy in
                        transforms.withElements { kernel.gradient(dy, transforms: $0, to: out) }
                    }
                }
            }
        }
        return apply(dtype.realType(for: "transformed"))
    }

    // MARK: Colors

    /// The brightness of each pixel, 0.2989 red + 0.587 green + 0.114 blue (`keras.ops.image.rgb_to_grayscale`); images
    /// of one channel stay.
    ///
    /// - Returns: of [.., 3], [.., 1].
    ///
    /// Traps if there are other than 3 channels or 1.
    public func grayscale() -> Variable {
        requireColors("grayscale", allowsOne: true)
        if shape[-1] == 1 { return self }
        let weights = Tensor([0.2989, 0.5870, 0.1140]).cast(to: dtype)
        return (self * weights).sum(axes: [-1], keepingAxes: true)
    }

    /// Red, green and blue as hue, saturation and value (`keras.ops.image.rgb_to_hsv`), [.., 3] of 0 to 1.
    ///
    /// Traps if there are other than 3 channels.
    public func rgbToHSV() -> Variable {
        requireColors("rgbToHSV", allowsOne: false)
        let zero = value.scalar(0)
        let epsilon = dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
        let images = Variable.where(value.abs() .< epsilon, Variable(zero), self)
        let planes = images.split(parts: 3, axis: -1)
        let (red, green, blue) = (planes[0], planes[1], planes[2])
        let value = red.maximum(green).maximum(blue)
        let range = value - red.minimum(green).minimum(blue)
        let (isLit, isColored) = (value.value .> 0, range.value .> 0)
        let one = Variable(value.value.scalar(1))
        let saturation = Variable.where(
            isLit, range / Variable.where(isLit, value, one), Variable(zero))
        let step = 1 / (6 * Variable.where(isColored, range, one))
        var hue = Variable.where(
            value.value .== green.value, step * (blue - red) + 2.0 / 6, step * (red - green) + 4.0 / 6)
        hue = Variable.where(value.value .== red.value, step * (green - blue), hue)
        let turned = hue + Variable((hue.value .< 0).cast(to: dtype))
        return Variable.concatenate(
            [
                Variable.where(isColored, turned, Variable((hue.value .< 0).cast(to: dtype))), saturation,
                value,
            ],
            axis: -1)
    }

    /// Hue, saturation and value as red, green and blue (`keras.ops.image.hsv_to_rgb`).
    ///
    /// Traps if there are other than 3 channels.
    public func hsvToRGB() -> Variable {
        requireColors("hsvToRGB", allowsOne: false)
        let planes = split(parts: 3, axis: -1)
        let (saturation, value) = (planes[1], planes[2])
        // The turn's whole part does not matter, nor has it a gradient.
        let turn = (planes[0] - planes[0].value.floor()) * 6
        let colors = [
            ((turn - 3).abs() - 1).clamped(to: 0...1), (2 - (turn - 2).abs()).clamped(to: 0...1),
            (2 - (turn - 4).abs()).clamped(to: 0...1),
        ]
        return Variable.concatenate(
            colors.map { value * ((1 - saturation) + saturation * $0) }, axis: -1)
    }

    private func requireColors(_ operation: String, allowsOne: Bool) {
        require(
            shape.rank >= 1 && (shape[-1] == 3 || allowsOne && shape[-1] == 1),
            "\(operation): input \(shape), expected 3 channels\(allowsOne ? " or 1" : "")")
    }
}

extension Tensor {
    /// Images taken from where transforms point; see `Variable/transformed(by:interpolation:fill:fillValue:)`.
    public func transformed(
        by transforms: Tensor, interpolation: Interpolation = .bilinear, fill: FillMode = .constant,
        fillValue: Double = 0
    ) -> Tensor {
        Variable(self).transformed(
            by: transforms, interpolation: interpolation, fill: fill, fillValue: fillValue
        ).value
    }

    /// The brightness of each pixel; see `Variable/grayscale()`.
    public func grayscale() -> Tensor { Variable(self).grayscale().value }
    /// Red, green and blue as hue, saturation and value; see `Variable/rgbToHSV()`.
    public func rgbToHSV() -> Tensor { Variable(self).rgbToHSV().value }
    /// Hue, saturation and value as red, green and blue; see `Variable/hsvToRGB()`.
    public func hsvToRGB() -> Tensor { Variable(self).hsvToRGB().value }
}
