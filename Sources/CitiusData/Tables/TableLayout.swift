import CitiusPlatform
import CitiusTensor

/// A column of a table, as its file describes it or as its values look.
public struct TableColumn: Sendable, Equatable {
    /// What its values are.
    public enum Kind: Sendable, Equatable {
        /// Numbers.
        case real
        /// Whole numbers.
        case integer
        /// One of some names each; a value is an index into them.
        case category([String])
        /// Texts of any kind, which become no numbers.
        case text
    }

    public var name: String
    public var kind: Kind

    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// What becomes of a value that is missing.
public enum MissingValues: Sendable, Equatable {
    /// An error that names the first.
    case refused
    /// The whole row is left out.
    case dropped
    /// NaN; of a category, none of the columns is 1 (or the index is NaN).
    case kept
    /// The number; of a category, as `kept`.
    case replaced(by: Double)
    /// The mean of the column's values, of this file; of a category, as `kept`. The file is read twice.
    case mean
}

/// How the columns of a table become the inputs and the target of a ``Dataset``.
///
/// ```swift
/// let layout = TableLayout(target: "species", features: ["bill_length_mm", "island"], missing: .dropped)
/// let penguins = try ARFF.read(contentsOf: "penguins.arff", layout: layout)
/// ```
///
/// Inputs are one tensor [samples, features]: a column of numbers is one feature, one of categories as many as it has
/// (one-hot), named `column=category`. ``Metadata/featureNames`` has their names. A target of categories becomes labels,
/// int64, whose names are ``Metadata/classNames``; one of whole numbers int64; one of numbers the layout's dtype. A
/// missing target is an error unless rows are dropped.
///
/// Columns that are named as texts become inputs of their own behind that one, strings [samples, bytes] (uint8, see
/// `Tensor(utf8:)`), for layers that look words up.
public struct TableLayout: Sendable, Equatable {
    /// The column that becomes the target; nil: the last one.
    public var target: String?
    /// The columns that become inputs, in this order; nil: all others but texts.
    public var features: [String]?
    /// The columns that become inputs of strings, in this order: texts, or the names of categories. What stands for a
    /// missing value is a word like others.
    public var texts: [String]
    /// Whether categories are one-hot; else they are indices.
    public var oneHot: Bool
    public var missing: MissingValues
    /// Of the inputs: float32, or float64. Where all are whole numbers from 0 to 255, they are held as bytes, and
    /// become float32 as they are batched.
    public var dtype: DType

    /// Traps unless dtype is float32 or float64.
    public init(
        target: String? = nil, features: [String]? = nil, texts: [String] = [], oneHot: Bool = true,
        missing: MissingValues = .refused, dtype: DType = .float32
    ) {
        require(dtype.isFloatingPoint, "TableLayout: dtype is \(dtype), expected float32 or float64")
        self.target = target
        self.features = features
        self.texts = texts
        self.oneHot = oneHot
        self.missing = missing
        self.dtype = dtype
    }
}

/// A table that is read row by row.
protocol TableSource: AnyObject {
    /// What messages call it.
    var name: String { get }
    var columns: [TableColumn] { get }
    /// The number of the line that the last row began in, from 1.
    var line: Int { get }
    /// Writes the next row: numbers, indices of categories, NaN for what is missing and for texts. False at the end.
    func next(into values: UnsafeMutableBufferPointer<Double>) throws(DataError) -> Bool
    /// The text of a column of texts in the last row; nil if it is no UTF-8.
    func text(of column: Int) -> String?
}

/// Which columns become what.
struct TablePlan {
    /// A column that becomes one feature, or a one-hot group of several.
    struct Feature {
        let column: Int
        let width: Int
        let isOneHot: Bool
    }

    let features: [Feature]
    let targets: [Int]
    let texts: [Int]
    /// Features, one-hot ones counted each.
    let width: Int
    let columns: [TableColumn]
    let missing: MissingValues
    let dtype: DType

    /// - Parameters:
    ///   - file: what messages call the table.
    ///   - targets: what becomes targets where the layout names none; nil: the last column.
    ///   - features: what becomes inputs where the layout names none; nil: all but the target and texts.
    init(
        _ columns: [TableColumn], _ layout: TableLayout, targets: [Int]? = nil, features: [Int]? = nil,
        file: String
    ) throws(DataError) {
        func index(of name: String) throws(DataError) -> Int {
            guard let index = columns.firstIndex(where: { $0.name == name }) else {
                let known = columns.prefix(20).map { "\"\($0.name.prefix(60))\"" }.joined(separator: ", ")
                throw DataError(
                    .missing,
                    "\(file) has no column \"\(name)\"; it has \(known)\(columns.count > 20 ? ", …" : "").")
            }
            return index
        }
        guard !columns.isEmpty else { throw DataError(.empty, "\(file) has no columns.") }
        var chosenTargets = targets ?? [columns.count - 1]
        if let name = layout.target { chosenTargets = [try index(of: name)] }
        var texts: [Int] = []
        for name in layout.texts { texts.append(try index(of: name)) }
        var chosenFeatures =
            features
            ?? columns.indices.filter { !chosenTargets.contains($0) && columns[$0].kind != .text }
        chosenFeatures.removeAll { texts.contains($0) }
        if let names = layout.features {
            chosenFeatures = []
            for name in names { chosenFeatures.append(try index(of: name)) }
        }
        try self.init(
            columns, targets: chosenTargets, features: chosenFeatures, texts: texts, oneHot: layout.oneHot,
            missing: layout.missing, dtype: layout.dtype, file: file)
    }

    private init(
        _ columns: [TableColumn], targets: [Int], features: [Int], texts: [Int], oneHot: Bool,
        missing: MissingValues, dtype: DType, file: String
    ) throws(DataError) {
        guard !features.isEmpty || !texts.isEmpty else {
            throw DataError(
                .empty, "\(file) has no column for inputs beside the target; name some as features.")
        }
        for column in targets + features where columns[column].kind == .text {
            throw DataError(
                .unsupportedType,
                "\(file): the column \"\(columns[column].name.prefix(60))\" holds texts, which are no numbers and no "
                    + "categories. Leave it out of the features.")
        }
        for column in texts where columns[column].kind == .real || columns[column].kind == .integer {
            throw DataError(
                .unsupportedType,
                "\(file): the column \"\(columns[column].name.prefix(60))\" holds numbers, expected texts or categories. Make "
                    + "it one of the features.")
        }
        self.texts = texts
        self.features = features.map { column in
            if oneHot, case .category(let names) = columns[column].kind {
                return Feature(column: column, width: names.count, isOneHot: true)
            }
            return Feature(column: column, width: 1, isOneHot: false)
        }
        self.targets = targets
        width = self.features.reduce(0) { $0 + $1.width }
        self.columns = columns
        self.missing = missing
        self.dtype = dtype
    }

    var featureNames: [String] {
        features.flatMap { feature in
            let column = columns[feature.column]
            guard feature.isOneHot, case .category(let names) = column.kind else { return [column.name] }
            return names.map { "\(column.name)=\($0)" }
        }
    }

    /// The names of the target's classes; none for numbers.
    var classNames: [String] {
        if let target = targets.first, case .category(let names) = columns[target].kind { names } else { [] }
    }

    /// What a target's tensor has.
    func targetDType(_ target: Int) -> DType {
        switch columns[target].kind {
        case .real, .text: dtype
        case .integer, .category: .int64
        }
    }

    /// The features' columns, where they are numbers in neighbouring columns: a row has them as they stand.
    var featureRange: Range<Int>? {
        guard let first = features.first?.column,
            features.enumerated().allSatisfy({
                $0.element.column == first + $0.offset && !$0.element.isOneHot
            })
        else { return nil }
        return first..<first + features.count
    }
}
