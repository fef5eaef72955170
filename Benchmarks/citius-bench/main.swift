// Measures Citius: `citius-bench throughput`, its kernels: `citius-bench profile`, and beside its rivals:
// `citius-bench compare`.

import CitiusExampleSupport
import CitiusPlatform

let arguments = Array(CommandLine.arguments.dropFirst())
let usage = """
    citius-bench measures how fast Citius trains and predicts.

      citius-bench throughput [options]   one model: training, evaluation, latency, memory, start-up
      citius-bench profile [options]      where a model's time goes, kernel by kernel
      citius-bench ladder [options]       one network, by loops, by the BLAS, and by one means more on each rung
      citius-bench data [options]         reading of tables; training from files beside memory
      citius-bench study [options]        which technique speeds training up most
      citius-bench advise [options]       what helps one model to a target
      citius-bench compress [options]     a trained network beside smaller ones: rate and accuracy
      citius-bench compare [options]      the same in turn with PyTorch, Keras, JAX and ONNX Runtime

    Each takes --help.
    """

switch arguments.first {
case "throughput":
    Throughput.run(Array(arguments.dropFirst()))
case "profile":
    ProfileCommand.run(Array(arguments.dropFirst()))
case "compare":
    Comparison.run(Array(arguments.dropFirst()))
case "study":
    StudyCommand.run(Array(arguments.dropFirst()))
case "advise":
    AdviseCommand.run(Array(arguments.dropFirst()))
case "compress":
    CompressCommand.run(Array(arguments.dropFirst()))
case "ladder":
    LadderCommand.run(Array(arguments.dropFirst()))
case "data":
    DataCommand.run(Array(arguments.dropFirst()))
case "startup":
    // What `throughput` times: a process that gets as far as its first batch.
    Startup.reachFirstBatch()
case "--help", "-h":
    print(usage)
default:
    complain(arguments.first.map { "citius-bench: unknown command \($0)" } ?? "citius-bench: no command")
    complain(usage)
    exit(64)
}
