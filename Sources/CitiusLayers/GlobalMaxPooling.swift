import CitiusAutograd
import CitiusTensor

/// The largest value of each channel over the whole sequence; a gradient goes to the first of equals. A mask is not looked at, as in Keras. Follows
/// `keras.layers.GlobalMaxPooling1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, channels], or [batch, 1, channels] if it keeps dimensions.
public final class GlobalMaxPooling1D: GlobalPooling<Size1D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable { largest(of: batch) }
}

extension GlobalMaxPooling1D: EpilogueStage {
    package var stage: Epilogue? { wholeStage }
}

/// The largest value of each channel over the whole image; a gradient goes to the first of equals. Follows
/// `keras.layers.GlobalMaxPooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalMaxPooling2D: GlobalPooling<Size2D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable { largest(of: batch) }
}

extension GlobalMaxPooling2D: EpilogueStage {
    package var stage: Epilogue? { wholeStage }
}

/// The largest value of each channel over the whole volume; a gradient goes to the first of equals. Follows
/// `keras.layers.GlobalMaxPooling3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, channels], or [batch, 1, 1, 1, channels] if it keeps dimensions.
public final class GlobalMaxPooling3D: GlobalPooling<Size3D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable { largest(of: batch) }
}
