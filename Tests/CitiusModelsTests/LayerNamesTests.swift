import CitiusLayers
import Testing

@Suite struct LayerNamesTests {
    @Test(arguments: [
        ("Conv2D", "conv2d"), ("MaxPooling2D", "max_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
        ("Conv2DTranspose", "conv2d_transpose"), ("ReLU", "re_lu"), ("LSTM", "lstm"), ("Dense", "dense"),
        ("GlobalAveragePooling1D", "global_average_pooling1d"), ("LeakyReLU", "leaky_re_lu"),
    ])
    func snakeCaseIsKeras(_ name: (type: String, snake: String)) {
        #expect(LayerNames.snakeCase(name.type) == name.snake)
    }
}
