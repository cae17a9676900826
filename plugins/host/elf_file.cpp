// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/elf_file.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace plugins::host {

namespace {

using Bytes = ElfFile::Bytes;

absl::Status truncated() {
    return absl::InvalidArgumentError(
        "is truncated: it ends before what its headers promise; copy it again");
}
absl::Status malformed(const char* what) {
    return absl::InvalidArgumentError(what);
}

/// A range of the file, or nothing where the file is shorter.
std::optional<Bytes> range(Bytes file, uint64_t offset, uint64_t size) {
    if (offset > file.size() || size > file.size() - offset) {
        return std::nullopt;
    }
    return file.subspan(offset, size);
}

/// The `index`th of a table of T's that lie `stride` bytes apart; the table is known to be long
/// enough.
template <class T>
T entry(Bytes table, size_t index, size_t stride = sizeof(T)) {
    T value;
    std::memcpy(&value, table.data() + index * stride, sizeof(T));
    return value;
}

/// The text at `offset` of a string table; empty where it does not end inside.
std::string_view text_at(Bytes strings, uint64_t offset) {
    if (offset >= strings.size()) {
        return {};
    }
    const auto* begin = reinterpret_cast<const char*>(strings.data() + offset);
    const auto* end = static_cast<const char*>(std::memchr(begin, 0, strings.size() - offset));
    return end == nullptr ? std::string_view() : std::string_view(begin, size_t(end - begin));
}

}  // namespace

absl::StatusOr<ElfFile> ElfFile::read(Bytes file) {
    if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
        return malformed("is not an ELF object; give a plugin that was built with sluice_plugin()");
    }
    if (file.size() < sizeof(Elf64_Ehdr)) {
        return truncated();
    }
    const auto header = entry<Elf64_Ehdr>(file, 0);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64) {
        return malformed("is for another machine; build the plugin for x86-64");
    }
    if (header.e_type != ET_DYN) {
        return malformed("is no shared object; build the plugin with sluice_plugin()");
    }
    ElfFile elf(file);
    if (auto status = elf.check_segments(); !status.ok()) {
        return status;
    }
    if (auto status = elf.read_sections(); !status.ok()) {
        return status;
    }
    return elf;
}

absl::Status ElfFile::check_segments() const {
    // The loader maps what these say; touching a page behind the file's end would be a bus error.
    const auto header = entry<Elf64_Ehdr>(file_, 0);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
        header.e_phnum == PN_XNUM) {
        return malformed("has no program headers that can be read");
    }
    const auto table = range(file_, header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr));
    if (!table) {
        return truncated();
    }
    for (size_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = entry<Elf64_Phdr>(*table, i);
        if (!range(file_, segment.p_offset, segment.p_filesz)) {
            return truncated();
        }
    }
    return absl::OkStatus();
}

absl::Status ElfFile::read_sections() {
    const auto header = entry<Elf64_Ehdr>(file_, 0);
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
        header.e_shstrndx >= header.e_shnum) {
        return malformed(
            "has no section headers that can be read; do not strip them from a plugin");
    }
    const auto table = range(file_, header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr));
    if (!table) {
        return truncated();
    }
    const auto contents = [&](const Elf64_Shdr& section) {
        return section.sh_type == SHT_NOBITS ? std::optional(Bytes())
                                             : range(file_, section.sh_offset, section.sh_size);
    };
    const auto names = contents(entry<Elf64_Shdr>(*table, header.e_shstrndx));
    if (!names) {
        return truncated();
    }
    for (size_t i = 0; i < header.e_shnum; ++i) {
        const auto section = entry<Elf64_Shdr>(*table, i);
        const auto bytes = contents(section);
        if (!bytes) {
            return truncated();
        }
        sections_.push_back({text_at(*names, section.sh_name), *bytes});
        if (section.sh_type != SHT_DYNSYM) {
            continue;
        }
        if (section.sh_entsize != sizeof(Elf64_Sym) || section.sh_link >= header.e_shnum) {
            return malformed("has a table of dynamic symbols that cannot be read");
        }
        const auto strings = contents(entry<Elf64_Shdr>(*table, section.sh_link));
        if (!strings) {
            return truncated();
        }
        read_symbols(*bytes, *strings);
    }
    return absl::OkStatus();
}

void ElfFile::read_symbols(Bytes symbols, Bytes names) {
    for (size_t i = 0; i < symbols.size() / sizeof(Elf64_Sym); ++i) {
        const auto symbol = entry<Elf64_Sym>(symbols, i);
        symbols_.push_back({text_at(names, symbol.st_name), symbol.st_shndx != SHN_UNDEF});
    }
}

std::optional<Bytes> ElfFile::section(std::string_view name) const {
    const auto found = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const Section& section) { return section.name == name; });
    return found == sections_.end() ? std::nullopt : std::optional(found->bytes);
}

bool ElfFile::exports(std::string_view symbol) const {
    return std::any_of(symbols_.begin(), symbols_.end(),
                       [&](const Symbol& known) { return known.defined && known.name == symbol; });
}

bool ElfFile::wants(std::string_view part) const {
    return std::any_of(symbols_.begin(), symbols_.end(), [&](const Symbol& known) {
        return !known.defined && known.name.find(part) != std::string_view::npos;
    });
}

}  // namespace plugins::host
