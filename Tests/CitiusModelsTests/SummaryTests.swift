import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

/// The tables of short names are Keras 3's own, taken from its output.
@Suite struct SummaryTests {
    @Test func theDocumentsModel() throws {
        let model = Sequential {
            Input(28, 28, 1)
            Conv2D(32, kernelSize: 3)
            Activation(.relu)
            MaxPooling2D(2)
            Conv2D(64, kernelSize: 3)
            Activation(.relu)
            MaxPooling2D(2)
            Flatten()
            Dense(64, activation: .relu)
            Dropout(0.25)
            Dense(10, activation: .softmax)
        }
        model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        let table = """
            Model: "sequential"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
            ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
            │ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ activation (Activation)         │ (None, 26, 26, 32)     │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ max_pooling2d (MaxPooling2D)    │ (None, 13, 13, 32)     │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ conv2d_1 (Conv2D)               │ (None, 11, 11, 64)     │        18,496 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ activation_1 (Activation)       │ (None, 11, 11, 64)     │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ max_pooling2d_1 (MaxPooling2D)  │ (None, 5, 5, 64)       │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ flatten (Flatten)               │ (None, 1600)           │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ dense (Dense)                   │ (None, 64)             │       102,464 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ dropout (Dropout)               │ (None, 64)             │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ dense_1 (Dense)                 │ (None, 10)             │           650 │
            └─────────────────────────────────┴────────────────────────┴───────────────┘
            """
        let totals = """

             Total params: 121,930 (476.29 KB)
             Trainable params: 121,930 (476.29 KB)
             Non-trainable params: 0 (0.00 B)
            """
        #expect(model.summary(lineLength: 80) == table + totals)
        #expect(model.parameterCount == 121_930)
        try model.trainOnBatch(Tensor(zeros: [2, 28, 28, 1]), Tensor([1, 2] as [Int64]))
        let trained = """

             Total params: 365,792 (1.40 MB)
             Trainable params: 121,930 (476.29 KB)
             Non-trainable params: 0 (0.00 B)
             Optimizer params: 243,862 (952.59 KB)
            """
        #expect(model.summary(lineLength: 80) == table + trained)
    }

    @Test func unbuiltLayersAndLongNames() {
        let model = Sequential(name: "small") {
            Dense(3)
            BatchNormalization()
        }
        let unbuilt = """
            Model: "small"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┓
            ┃ Layer (type)                             ┃ Output Shape        ┃     Param # ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━┩
            │ dense (Dense)                            │ ?                   │ 0 (unbuilt) │
            ├──────────────────────────────────────────┼─────────────────────┼─────────────┤
            │ batch_normalization (BatchNormalization) │ ?                   │ 0 (unbuilt) │
            └──────────────────────────────────────────┴─────────────────────┴─────────────┘
             Total params: 0 (0.00 B)
             Trainable params: 0 (0.00 B)
             Non-trainable params: 0 (0.00 B)
            """
        #expect(model.summary(lineLength: 80) == unbuilt)
        model.build(inputShape: [4])
        let built = """
            Model: "small"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
            ┃ Layer (type)                    ┃ Output Shape ┃ Param # ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
            │ dense (Dense)                   │ (None, 3)    │      15 │
            ├─────────────────────────────────┼──────────────┼─────────┤
            │ batch_normalization             │ (None, 3)    │      12 │
            │ (BatchNormalization)            │              │         │
            └─────────────────────────────────┴──────────────┴─────────┘
             Total params: 27 (108.00 B)
             Trainable params: 21 (84.00 B)
             Non-trainable params: 6 (24.00 B)
            """
        #expect(model.summary(lineLength: 60) == built)
    }

    @Test func graphsSayWhatALayerReads() {
        let input = Input(4, name: "in")
        func dense(_ name: String, _ units: Int = 4) -> Dense { Dense(units, name: name) }
        let (b, c) = (dense("b")(dense("a")(input)), dense("c")(input))
        let shared = dense("s")
        let joined = Concatenate(name: "cat")(shared(b), shared(c))
        let all = Concatenate(name: "cat2")(joined, dense("d", 3)(input))
        let model = Model(inputs: input, outputs: dense("out", 2)(all), name: "branches")
        let table = """
            Model: "branches"
            ┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┓
            ┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to       ┃
            ┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━┩
            │ in (InputLayer)     │ (None, 4)         │          0 │ -                  │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ a (Dense)           │ (None, 4)         │         20 │ in[0][0]           │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ b (Dense)           │ (None, 4)         │         20 │ a[0][0]            │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ c (Dense)           │ (None, 4)         │         20 │ in[0][0]           │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ s (Dense)           │ (None, 4)         │         20 │ b[0][0], c[0][0]   │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ cat (Concatenate)   │ (None, 8)         │          0 │ s[0][0], s[1][0]   │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ d (Dense)           │ (None, 3)         │         15 │ in[0][0]           │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ cat2 (Concatenate)  │ (None, 11)        │          0 │ cat[0][0], d[0][0] │
            ├─────────────────────┼───────────────────┼────────────┼────────────────────┤
            │ out (Dense)         │ (None, 2)         │         24 │ cat2[0][0]         │
            └─────────────────────┴───────────────────┴────────────┴────────────────────┘
             Total params: 119 (476.00 B)
             Trainable params: 119 (476.00 B)
             Non-trainable params: 0 (0.00 B)
            """
        // Keras's class is called otherwise.
        #expect(
            model.summary(lineLength: 80)
                == table.replacing("in (InputLayer)     ", with: "in (Input)          "))
    }

    /// Keras cuts them off.
    @Test func longNamesWidenTheTableOfAGraph() {
        let image = Input(100, 100, 30, name: "image")
        let x = Conv2D(100, kernelSize: 1, name: "a_convolution_of_some_name")(image)
        let model = Model(inputs: image, outputs: Add()(x, Activation(.relu)(x)))
        let table = """
            Model: "model"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
            ┃ Layer (type)               ┃ Output Shape          ┃ Param # ┃ Connected to                      ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
            │ image (Input)              │ (None, 100, 100, 30)  │       0 │ -                                 │
            ├────────────────────────────┼───────────────────────┼─────────┼───────────────────────────────────┤
            │ a_convolution_of_some_name │ (None, 100, 100, 100) │   3,100 │ image[0][0]                       │
            │ (Conv2D)                   │                       │         │                                   │
            ├────────────────────────────┼───────────────────────┼─────────┼───────────────────────────────────┤
            │ activation (Activation)    │ (None, 100, 100, 100) │       0 │ a_convolution_of_some_name[0][0]  │
            ├────────────────────────────┼───────────────────────┼─────────┼───────────────────────────────────┤
            │ add (Add)                  │ (None, 100, 100, 100) │       0 │ a_convolution_of_some_name[0][0], │
            │                            │                       │         │ activation[0][0]                  │
            └────────────────────────────┴───────────────────────┴─────────┴───────────────────────────────────┘
             Total params: 3,100 (12.11 KB)
             Trainable params: 3,100 (12.11 KB)
             Non-trainable params: 0 (0.00 B)
            """
        #expect(model.summary(lineLength: 80) == table)
    }

    @Test func columnsTakeTheWidthTheyNeed() {
        let image = Input(100, 100, 30, name: "image")
        let x = Conv2D(100, kernelSize: 1, name: "a_convolution_of_some_name")(image)
        let model = Model(inputs: image, outputs: Add()(x, Activation(.relu)(x)))
        let table = """
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
            ┃ Layer (type)                        ┃ Output Shape          ┃    Param # ┃ Connected to                                       ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
            │ image (Input)                       │ (None, 100, 100, 30)  │          0 │ -                                                  │
            ├─────────────────────────────────────┼───────────────────────┼────────────┼────────────────────────────────────────────────────┤
            │ a_convolution_of_some_name (Conv2D) │ (None, 100, 100, 100) │      3,100 │ image[0][0]                                        │
            ├─────────────────────────────────────┼───────────────────────┼────────────┼────────────────────────────────────────────────────┤
            │ activation (Activation)             │ (None, 100, 100, 100) │          0 │ a_convolution_of_some_name[0][0]                   │
            ├─────────────────────────────────────┼───────────────────────┼────────────┼────────────────────────────────────────────────────┤
            │ add (Add)                           │ (None, 100, 100, 100) │          0 │ a_convolution_of_some_name[0][0], activation[0][0] │
            └─────────────────────────────────────┴───────────────────────┴────────────┴────────────────────────────────────────────────────┘
            """
        #expect(model.summary(lineLength: 140).contains("\n" + table + "\n"))
        // Shapes stay whole at any width.
        for length in [1, 40, 80, 85, 100] {
            let summary = model.summary(lineLength: length)
            #expect(summary.contains("(None, 100, 100, 100) │"), "\(length)")
        }
    }

    @Test func chainsNeedNoFourthColumn() {
        let input = Input(6, name: "in")
        let output = Dense(2, name: "b")(Dense(3, name: "a")(input))
        let model = Model(inputs: input, outputs: output, name: "chain")
        let table = """
            Model: "chain"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
            ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
            │ in (InputLayer)                 │ (None, 6)              │             0 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ a (Dense)                       │ (None, 3)              │            21 │
            ├─────────────────────────────────┼────────────────────────┼───────────────┤
            │ b (Dense)                       │ (None, 2)              │             8 │
            └─────────────────────────────────┴────────────────────────┴───────────────┘
             Total params: 29 (116.00 B)
             Trainable params: 29 (116.00 B)
             Non-trainable params: 0 (0.00 B)
            """
        #expect(model.summary(lineLength: 80) == table.replacing("in (InputLayer)", with: "in (Input)     "))
    }

    @Test func sizesInMemory() {
        #expect(Formatting.memory(0) == "0.00 B")
        #expect(Formatting.memory(1024) == "1.00 KB")
        #expect(Formatting.memory(1_463_180) == "1.40 MB")
        #expect(Formatting.grouped(0) == "0")
        #expect(Formatting.grouped(999) == "999")
        #expect(Formatting.grouped(1000) == "1,000")
        #expect(Formatting.grouped(12_345_678) == "12,345,678")
    }
}
