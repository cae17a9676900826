// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace plugins::host {

/// A shared object's file as bytes, read without mapping its code: is it whole, what sections has
/// it, which symbols does it export and want. Every offset in the file is taken for a lie until it
/// is checked. The bytes must outlive it.
class ElfFile {
public:
    using Bytes = std::span<const std::byte>;

    /// INVALID_ARGUMENT completes the sentence "its file ...": what is not as in an x86-64 shared
    /// object.
    static absl::StatusOr<ElfFile> read(Bytes file);

    /// Contents of a section by its name; nothing where there is none.
    std::optional<Bytes> section(std::string_view name) const;
    /// Whether the object defines this dynamic symbol.
    bool exports(std::string_view symbol) const;
    /// Whether the object wants a dynamic symbol from others whose name has this text in it.
    bool wants(std::string_view part) const;

private:
    struct Section {
        std::string_view name;
        Bytes bytes;
    };
    struct Symbol {
        std::string_view name;
        bool defined;
    };
    explicit ElfFile(Bytes file) : file_(file) {}
    absl::Status check_segments() const;
    absl::Status read_sections();
    void read_symbols(Bytes symbols, Bytes names);

    Bytes file_;
    std::vector<Section> sections_;
    std::vector<Symbol> symbols_;
};

}  // namespace plugins::host
