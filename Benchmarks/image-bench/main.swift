// Measures how fast images in JPEG files become batches for training: random windows, resized to 224×224 and perhaps
// mirrored, as floats. `Benchmarks/peers/images.py` does the same by Pillow and torchvision; `Benchmarks/compare-images`
// runs both.

import CitiusImages
import CitiusPlatform

let arguments = CommandLine.arguments
guard arguments.count >= 2, !arguments[1].hasPrefix("-") else {
    Console.warn("usage: image-bench FOLDER [SECONDS [THREADS]]   by default 3 seconds on 1 thread")
    exit(64)
}
func number(_ index: Int, _ standard: Int) -> Int {
    arguments.count > index ? Int(arguments[index]) ?? standard : standard
}
Threads.count = number(3, 1)
do {
    var images = try ImageFolder(arguments[1], imageSize: 224)
    images.fitting = .randomResizedCrop()
    images.flipsHorizontally = true
    images.scale = 1 / 255
    let batches = images.batched(32).shuffled(seed: 1)
    // A pass to warm up: memory, files, pages.
    for _ in batches {}
    let (start, duration) = (nanoseconds(), number(2, 3) * 1_000_000_000)
    var (count, pass, taken) = (0, 1, 0)
    while taken < duration {
        for batch in batches.pass(pass) {
            count += batch.count
            taken = nanoseconds() - start
            if taken >= duration { break }
        }
        pass += 1
    }
    print("\(Int(Double(count) / (Double(taken) * 1e-9))) images/s")
} catch {
    Console.warn("image-bench: \(error)")
    exit(1)
}
