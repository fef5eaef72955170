/// The version of the package: what README's `from:` and the first heading of CHANGELOG.md say, and what a release's
/// tag will be. `Scripts/check-version` holds them together.
package let citiusVersion = "0.1.0"
