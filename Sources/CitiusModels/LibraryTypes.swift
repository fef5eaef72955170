import CitiusLayers
import CitiusOptimizers

extension ConfigurationTypes {
    /// The library's own types: the one table of what a saved model may name. A new type is a line here.
    public static let library = ConfigurationTypes([
        // Initializers
        Initializer.Zeros.self, Initializer.Ones.self, Initializer.Constant.self, Initializer.Identity.self,
        Initializer.RandomNormal.self, Initializer.RandomUniform.self, Initializer.TruncatedNormal.self,
        Initializer.VarianceScaling.self, Initializer.GlorotUniform.self, Initializer.GlorotNormal.self,
        Initializer.HeUniform.self, Initializer.HeNormal.self, Initializer.LecunUniform.self,
        Initializer.LecunNormal.self, Initializer.Orthogonal.self,
        // Regularizers
        Regularizer.L1.self, Regularizer.L2.self, Regularizer.L1L2.self,
        Regularizer.OrthogonalRegularizer.self,
        // Constraints
        Constraint.MaxNorm.self, Constraint.NonNeg.self, Constraint.UnitNorm.self, Constraint.MinMaxNorm.self,
        // Optimizers
        SGD.Configuration.self, Adam.Configuration.self, AdamW.Configuration.self, RMSprop.Configuration.self,
        Adagrad.Configuration.self, Adadelta.Configuration.self, Adamax.Configuration.self,
        Nadam.Configuration.self, Lion.Configuration.self, Lamb.Configuration.self,
        Adafactor.Configuration.self, Ftrl.Configuration.self, Muon.Configuration.self,
        ScheduleFreeAdamW.Configuration.self, ScheduleFreeSGD.Configuration.self,
        MultiOptimizer.Configuration.self,
        // Losses
        Loss.SparseCategoricalCrossentropy.self, Loss.CategoricalCrossentropy.self,
        Loss.BinaryCrossentropy.self, Loss.MeanSquaredError.self, Loss.MeanAbsoluteError.self,
        Loss.MeanAbsolutePercentageError.self, Loss.MeanSquaredLogarithmicError.self, Loss.Huber.self,
        Loss.LogCosh.self, Loss.KLDivergence.self, Loss.Poisson.self, Loss.CosineSimilarity.self,
        Loss.Hinge.self, Loss.SquaredHinge.self, Loss.CategoricalHinge.self,
        Loss.BinaryFocalCrossentropy.self, Loss.CategoricalFocalCrossentropy.self,
        Loss.CategoricalGeneralizedCrossEntropy.self, Loss.SymmetricCrossEntropy.self,
        Loss.Bootstrapping.self,
        Loss.Dice.self, Loss.Tversky.self,
        Loss.CTC.self, Loss.Circle.self,
        // Metrics
        Accuracy.self, SparseCategoricalAccuracy.self, CategoricalAccuracy.self, BinaryAccuracy.self,
        TopKCategoricalAccuracy.self, SparseTopKCategoricalAccuracy.self, MeanSquaredError.self,
        RootMeanSquaredError.self, MeanAbsoluteError.self, MeanAbsolutePercentageError.self,
        MeanSquaredLogarithmicError.self, LogCoshError.self, KLDivergence.self, Poisson.self, Hinge.self,
        SquaredHinge.self, CategoricalHinge.self, BinaryCrossentropy.self, CategoricalCrossentropy.self,
        SparseCategoricalCrossentropy.self, CosineSimilarity.self, PearsonCorrelation.self,
        ConcordanceCorrelation.self, R2Score.self, TruePositives.self, TrueNegatives.self,
        FalsePositives.self,
        FalseNegatives.self, Precision.self, Recall.self, PrecisionAtRecall.self, RecallAtPrecision.self,
        SensitivityAtSpecificity.self, SpecificityAtSensitivity.self, AUC.self, F1Score.self, FBetaScore.self,
        IoU.self, BinaryIoU.self, MeanIoU.self, OneHotIoU.self, OneHotMeanIoU.self, Sum.self,
        MeanMetricWrapper.self, ConfusionMatrix.self,
        // Layers
        Input.self, Dense.self, Activation.self, Conv2D.self, DepthwiseConv2D.self, SeparableConv2D.self,
        MaxPooling2D.self, AveragePooling2D.self, GlobalMaxPooling2D.self, GlobalAveragePooling2D.self,
        BatchNormalization.self, Dropout.self, Flatten.self, Add.self, Concatenate.self,
        Conv1D.self, Conv3D.self, Conv1DTranspose.self, Conv2DTranspose.self, Conv3DTranspose.self,
        DepthwiseConv1D.self, SeparableConv1D.self, MaxPooling1D.self, MaxPooling3D.self,
        AveragePooling1D.self, AveragePooling3D.self, GlobalMaxPooling1D.self, GlobalMaxPooling3D.self,
        GlobalAveragePooling1D.self, GlobalAveragePooling3D.self, ZeroPadding1D.self, ZeroPadding2D.self,
        ZeroPadding3D.self, Cropping1D.self, Cropping2D.self, Cropping3D.self, UpSampling1D.self,
        UpSampling2D.self, UpSampling3D.self,
        Rescaling.self, Resizing.self, CenterCrop.self, RandomFlip.self, RandomRotation.self,
        RandomTranslation.self, RandomZoom.self, RandomShear.self, RandomCrop.self, RandomContrast.self,
        RandomBrightness.self, RandomSharpness.self, RandomHue.self, RandomSaturation.self,
        RandomColorDegeneration.self, RandomInvert.self, RandomPosterization.self, RandomGrayscale.self,
        RandomErasing.self, RandomColorJitter.self, RandAugment.self, AugMix.self, MixUp.self, CutMix.self,
        RandomGaussianBlur.self, RandomPerspective.self, RandomElasticTransform.self,
        Solarization.self, AutoContrast.self, Equalization.self,
        Embedding.self,
        Subtract.self, Multiply.self, Average.self, Maximum.self, Minimum.self, Dot.self, EinsumDense.self,
        Reshape.self, Permute.self, RepeatVector.self, Identity.self, Lambda.self, Masking.self,
        ActivityRegularization.self, ReLU.self, LeakyReLU.self, PReLU.self, ELU.self, Softmax.self,
        GaussianNoise.self, GaussianDropout.self, AlphaDropout.self, SpatialDropout1D.self,
        SpatialDropout2D.self, SpatialDropout3D.self,
        SimpleRNNCell.self, LSTMCell.self, GRUCell.self, StackedRNNCells.self, RNN.self, SimpleRNN.self,
        LSTM.self, GRU.self, Bidirectional.self, TimeDistributed.self,
        LayerNormalization.self, RMSNormalization.self, GroupNormalization.self,
        UnitNormalization.self, MultiHeadAttention.self, GroupedQueryAttention.self, Attention.self,
        AdditiveAttention.self,
        QuantizedDense.self, QuantizedConv2D.self,
        Normalization.self, Discretization.self, CategoryEncoding.self, Hashing.self, HashedCrossing.self,
        IntegerLookup.self, StringLookup.self, TextVectorization.self,
        // Schedules
        ExponentialDecay.self, CosineDecay.self, CosineDecayRestarts.self, PiecewiseConstantDecay.self,
        PolynomialDecay.self, InverseTimeDecay.self, OneCycle.self,
    ])
}
