import CitiusAutograd
import CitiusTensor

/// The largest value of each window, channel by channel. Padding is never the largest; a gradient goes to the
/// first of equals. Follows `keras.layers.MaxPooling1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, channels]; see `Pooling`.
public final class MaxPooling1D: Pooling<Size1D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.maxPooled1D(
            size: configuration.poolSize.length, strides: configuration.strides?.length,
            padding: configuration.padding)
    }
}

extension MaxPooling1D: EpilogueStage {
    package var stage: Epilogue? { stage(of: sequenceWindow) }
}
