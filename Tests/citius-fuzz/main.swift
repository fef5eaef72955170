import CitiusImagesFuzz
import CitiusKerasFuzz
import CitiusPlatform
import CitiusTestSupport

// Feeds a reader mutated files, best under the address sanitizer:
//   swift run -c release --sanitize address --scratch-path .build/fuzz citius-fuzz safetensors 1000000 1
// A mutated file may be given 4 MiB, or 16,384 pixels, for what it holds. The process must stay within 64 MiB beyond what
// it begins with; under the sanitizer, which keeps freed memory for a while, within 1 GiB.
var formats: [String: (Int, UInt64) -> FuzzReport] = [
    "safetensors": { fuzzSafetensors(inputs: $0, seed: $1) },
    "idx": { fuzzIDX(inputs: $0, seed: $1) },
    "npy": { fuzzNPY(inputs: $0, seed: $1) },
    "arff": { fuzzARFF(inputs: $0, seed: $1) },
    "csv": { fuzzCSV(inputs: $0, seed: $1) },
    "npz": { fuzzNPZ(inputs: $0, seed: $1) },
    "json": { fuzzJSON(inputs: $0, seed: $1) },
]
formats["keras-layers"] = { fuzzLayers(inputs: $0, seed: $1) }
for format in ImageFormat.allCases { formats[format.rawValue] = { fuzzImages(format, inputs: $0, seed: $1) } }
for part in KerasPart.allCases { formats[part.rawValue] = { fuzzKeras(part, inputs: $0, seed: $1) } }
let arguments = CommandLine.arguments
guard arguments.count == 4, let fuzz = formats[arguments[1]], let inputs = Int(arguments[2]),
    let seed = UInt64(arguments[3])
else {
    fatalError("usage: citius-fuzz \(formats.keys.sorted().joined(separator: "|")) INPUTS SEED")
}
let memoryLimit = dlsym(nil, "__asan_init") == nil ? 64 : 1024
let before = peakMemoryByteCount()
let report = fuzz(inputs, seed)
let growth = (peakMemoryByteCount() - before) >> 20
print("\(arguments[1]), \(inputs) inputs, seed \(seed), \(growth) MiB of memory:\n\(report)")
if growth > memoryLimit { fatalError("the reader took more than \(memoryLimit) MiB") }
if !report.failures.isEmpty { fatalError("the reader has a defect") }
