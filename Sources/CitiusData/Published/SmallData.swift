import CitiusPlatform
import CitiusSmallData
import CitiusTensor

/// Small tables that lie within the library, to try things on. What is known about each, its source and its licence is in
/// its metadata.
extension Dataset {
    /// 150 irises of three species, by four measurements in centimetres (Fisher 1936). CC BY 4.0.
    public static func iris() -> Dataset {
        small(
            citius_iris,
            Metadata(name: "Iris", source: "https://doi.org/10.24432/C56C76", licence: "CC BY 4.0"))
    }

    /// 178 wines of three cultivars, by 13 measurements (Aeberhard and Forina 1992). CC BY 4.0.
    public static func wine() -> Dataset {
        small(
            citius_wine,
            Metadata(name: "Wine", source: "https://doi.org/10.24432/C5PC7J", licence: "CC BY 4.0"))
    }

    /// 1,797 handwritten digits of 8 × 8 pixels from 0 to 16, batched as floats from 0 to 1 (Alpaydin and Kaynak 1998).
    /// CC BY 4.0. Inputs are [samples, 8, 8, 1].
    public static func digits() -> Dataset {
        var metadata = Metadata(
            name: "Digits", source: "https://doi.org/10.24432/C50P49", licence: "CC BY 4.0")
        var data = small(citius_digits, metadata)
        metadata = data.metadata
        metadata.classNames = (0..<10).map { "\($0)" }
        metadata.featureNames = []
        data.metadata = metadata
        return data.reshaped([8, 8, 1]).scaled(by: 1 / 16)
    }

    /// 344 penguins of three species near Palmer Station, Antarctica: species, island, bill_length_mm, bill_depth_mm,
    /// flipper_length_mm, body_mass_g, sex, year, of which some are missing (Gorman, Williams and Fraser 2014). CC0 1.0.
    ///
    /// - Parameter layout: how columns become inputs and targets.
    /// - Throws: a ``DataError`` if the layout does not fit the table.
    public static func penguins(
        layout: TableLayout = TableLayout(target: "species", missing: .dropped)
    ) throws(DataError) -> Dataset {
        try small(
            citius_penguins, layout,
            Metadata(
                name: "Palmer penguins", source: "https://doi.org/10.5281/zenodo.3960218", licence: "CC0 1.0")
        )
    }

    private static func small(_ table: citius_small_table, _ metadata: Metadata) -> Dataset {
        do throws(DataError) {
            return try small(table, TableLayout(), metadata)
        } catch {
            fail("Dataset: \(metadata.name) within the library is damaged: \(error)")
        }
    }

    private static func small(
        _ table: citius_small_table, _ layout: TableLayout, _ metadata: Metadata
    ) throws(DataError) -> Dataset {
        var data = try CSV.parse(
            Array(UnsafeBufferPointer(start: table.bytes, count: table.count)), layout: layout)
        var metadata = metadata
        metadata.classNames = data.metadata.classNames
        metadata.featureNames = data.metadata.featureNames
        metadata.origin = "the table within Citius"
        data.metadata = metadata
        return data
    }
}
