import Testing

@Suite struct BatchNormalizationTests {
    @Test func keras() { checkGolden("BatchNormalization") }
}
