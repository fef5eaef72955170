import CitiusImagesFuzz
import CitiusKerasFuzz
import CitiusTestSupport

// Feeds a reader mutated files, best under the address sanitizer:
//   swift run -c release --sanitize address --scratch-path .build/fuzz citius-fuzz safetensors 1000000 1
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
let report = fuzz(inputs, seed)
print("\(arguments[1]), \(inputs) inputs, seed \(seed):\n\(report)")
if !report.failures.isEmpty { fatalError("the reader has a defect") }
