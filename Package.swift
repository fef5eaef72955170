// swift-tools-version: 6.3

import PackageDescription

/// One direction of dependence, held by the targets (see Docs/Architecture.md):
/// BLAS ← SIMD ← Kernels ← Tensor ← Autograd ← {Layers, Optimizers}; Tensor ← Data; all ← Models ← Citius.
/// Platform, the C library and how a program fails, is below them all.
/// Configuration, how types describe themselves, stands beside Kernels.
let package = Package(
    name: "Citius",
    products: [
        .library(name: "Citius", targets: ["Citius"]),
        .library(name: "CitiusTechniques", targets: ["CitiusTechniques"]),
        .library(name: "CitiusKeras", targets: ["CitiusKeras"]),
        .library(name: "CitiusApplications", targets: ["CitiusApplications"]),
        .library(name: "CitiusDownloads", targets: ["CitiusDownloads"]),
        .library(name: "CitiusImages", targets: ["CitiusImages"]),
        .executable(name: "document-cnn", targets: ["document-cnn"]),
        .executable(name: "small-gpt", targets: ["small-gpt"]),
        .executable(name: "resume-and-export", targets: ["resume-and-export"]),
        .executable(name: "citius-bench", targets: ["citius-bench"]),
        .executable(name: "citius-model", targets: ["citius-model"]),
    ],
    targets: [
        .systemLibrary(
            name: "CitiusBLAS",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"]), .brew(["openblas"])]),
        .systemLibrary(name: "CitiusZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CitiusHDF5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CitiusLibzip", providers: [.apt(["libzip-dev"])]),
        .systemLibrary(
            name: "CitiusCrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .systemLibrary(
            name: "CitiusLibjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(name: "CitiusLibpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .target(name: "CitiusSIMD"),
        .target(name: "CitiusPlatform"),
        .target(name: "CitiusConfiguration", dependencies: ["CitiusPlatform"]),
        .target(name: "CitiusKernels", dependencies: ["CitiusBLAS", "CitiusSIMD", "CitiusPlatform"]),
        .target(name: "CitiusTensor", dependencies: ["CitiusKernels"]),
        .target(name: "CitiusFormats", dependencies: ["CitiusConfiguration", "CitiusTensor"]),
        .target(name: "CitiusAutograd", dependencies: ["CitiusConfiguration", "CitiusTensor"]),
        .target(name: "CitiusLayers", dependencies: ["CitiusAutograd", "CitiusConfiguration"]),
        .target(name: "CitiusOptimizers", dependencies: ["CitiusAutograd", "CitiusConfiguration"]),
        .target(name: "CitiusFashionMNIST", exclude: ["data"]),
        .target(name: "CitiusSmallData", exclude: ["data"]),
        .target(
            name: "CitiusData",
            dependencies: ["CitiusTensor", "CitiusZlib", "CitiusFashionMNIST", "CitiusSmallData"]
        ),
        .target(
            name: "CitiusModels",
            dependencies: ["CitiusLayers", "CitiusOptimizers", "CitiusData", "CitiusFormats"]
        ),
        .target(name: "Citius", dependencies: ["CitiusFormats", "CitiusModels"]),
        .target(name: "CitiusTechniques", dependencies: ["CitiusModels"]),
        .target(name: "CitiusKeras", dependencies: ["CitiusHDF5", "CitiusLibzip", "CitiusModels"]),
        .target(name: "CitiusApplications", dependencies: ["CitiusModels"]),
        .executableTarget(name: "citius-model", dependencies: ["Citius", "CitiusKeras"]),
        .target(
            name: "CitiusDownloads", dependencies: ["CitiusConfiguration", "CitiusData", "CitiusCrypto"]),
        .target(name: "CitiusImageCodecs", dependencies: ["CitiusLibjpeg", "CitiusLibpng", "CitiusZlib"]),
        .target(
            name: "CitiusImages",
            dependencies: ["CitiusData", "CitiusImageCodecs", "CitiusLibjpeg", "CitiusLibpng"]),

        .target(name: "CitiusExampleSupport", dependencies: ["Citius"], path: "Examples/Support"),
        .executableTarget(
            name: "document-cnn", dependencies: ["Citius", "CitiusDownloads", "CitiusExampleSupport"],
            path: "Examples/document-cnn"),
        .executableTarget(
            name: "small-gpt", dependencies: ["Citius", "CitiusExampleSupport"], path: "Examples/small-gpt",
            exclude: ["genesis.txt"]),
        .executableTarget(
            name: "resume-and-export", dependencies: ["Citius", "CitiusExampleSupport", "CitiusKeras"],
            path: "Examples/resume-and-export", exclude: ["run"]),
        .executableTarget(
            name: "autoencoder", dependencies: ["Citius", "CitiusExampleSupport"],
            path: "Examples/autoencoder"),
        .executableTarget(
            name: "residual-network", dependencies: ["Citius", "CitiusExampleSupport"],
            path: "Examples/residual-network"),
        .executableTarget(
            name: "word-language", dependencies: ["Citius", "CitiusExampleSupport"],
            path: "Examples/word-language"),
        .executableTarget(
            name: "penguin-mass", dependencies: ["Citius", "CitiusExampleSupport"],
            path: "Examples/penguin-mass"),
        .executableTarget(
            name: "co2-forecast", dependencies: ["Citius", "CitiusExampleSupport"],
            path: "Examples/co2-forecast", exclude: ["co2.csv", "DATA.md"]),
        .executableTarget(
            name: "imagenet-resnet", dependencies: ["Citius", "CitiusExampleSupport", "CitiusImages"],
            path: "Examples/imagenet-resnet"),
        .executableTarget(
            name: "fastest-fashion-mnist",
            dependencies: ["Citius", "CitiusExampleSupport", "CitiusTechniques"],
            path: "Examples/fastest-fashion-mnist", exclude: ["README.md", "run"]),
        .executableTarget(
            name: "transfer-learning", dependencies: ["Citius", "CitiusExampleSupport", "CitiusTechniques"],
            path: "Examples/transfer-learning"),
        .executableTarget(
            name: "hardening", dependencies: ["Citius", "CitiusExampleSupport", "CitiusTechniques"],
            path: "Examples/hardening"),
        .executableTarget(
            name: "image-bench", dependencies: ["CitiusImages"], path: "Benchmarks/image-bench"),
        .executableTarget(
            name: "citius-bench", dependencies: ["Citius", "CitiusExampleSupport", "CitiusTechniques"],
            path: "Benchmarks/citius-bench"),

        .target(name: "CitiusKillPoints", path: "Tests/CitiusKillPoints"),
        .target(
            name: "CitiusTestSupport",
            dependencies: [
                "CitiusAutograd", "CitiusData", "CitiusFormats", "CitiusKillPoints", "CitiusPlatform",
                "CitiusZlib",
            ],
            path: "Tests/CitiusTestSupport",
            resources: [.copy("Golden")]
        ),
        .target(
            name: "CitiusKerasFuzz", dependencies: ["CitiusKeras", "CitiusTestSupport"],
            path: "Tests/CitiusKerasFuzz"),
        .target(
            name: "CitiusImagesFuzz", dependencies: ["CitiusImages", "CitiusTestSupport", "CitiusZlib"],
            path: "Tests/CitiusImagesFuzz"),
        .executableTarget(
            name: "citius-fuzz",
            dependencies: ["CitiusImagesFuzz", "CitiusKerasFuzz", "CitiusPlatform", "CitiusTestSupport"],
            path: "Tests/citius-fuzz"),
        .executableTarget(name: "citius-interop", dependencies: ["Citius"], path: "Tests/citius-interop"),
        .executableTarget(
            name: "citius-applications", dependencies: ["Citius", "CitiusApplications", "CitiusKeras"],
            path: "Tests/citius-applications"),
        .testTarget(
            name: "CitiusApplicationsTests", dependencies: ["CitiusApplications", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusKerasTests",
            dependencies: ["CitiusHDF5", "CitiusKeras", "CitiusKerasFuzz", "CitiusTestSupport"]),
        .testTarget(name: "CitiusPlatformTests", dependencies: ["CitiusPlatform", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusConfigurationTests", dependencies: ["CitiusConfiguration", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusKernelsTests",
            // CitiusSIMD by name: a target is built again for a changed header of what it names alone.
            dependencies: ["CitiusKernels", "CitiusSIMD", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusTensorTests", dependencies: ["CitiusTensor", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusFormatsTests", dependencies: ["CitiusFormats", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusDataTests",
            dependencies: ["CitiusData", "CitiusFormats", "CitiusTestSupport", "CitiusZlib"]),
        .testTarget(
            name: "CitiusDownloadsTests",
            dependencies: ["CitiusConfiguration", "CitiusDownloads", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusImagesTests",
            dependencies: ["CitiusImages", "CitiusImagesFuzz", "CitiusModels", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusAutogradTests", dependencies: ["CitiusAutograd", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusModelsTests", dependencies: ["CitiusModels", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusLayersTests", dependencies: ["CitiusLayers", "CitiusModels", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusTechniquesTests",
            dependencies: ["Citius", "CitiusTechniques", "CitiusTestSupport"]),
        .testTarget(
            name: "CitiusOptimizersTests", dependencies: ["CitiusOptimizers", "CitiusTestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
