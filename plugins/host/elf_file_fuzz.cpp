// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/host/elf_file.hpp"
#include "plugins/host/stamp.hpp"

/// A plugin's file is read before anything in it is trusted.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto elf = plugins::host::ElfFile::read(std::as_bytes(std::span(data, size)));
    if (elf.ok()) {
        (void)elf->exports("sluice_plugin_register");
        (void)elf->wants("AddDescriptorsRunner");
        if (const auto section = elf->section(plugins::host::Stamp::section)) {
            (void)plugins::host::Stamp::parse(
                {reinterpret_cast<const char*>(section->data()), section->size()});
        }
    }
    (void)plugins::host::Stamp::parse({reinterpret_cast<const char*>(data), size});
    return 0;
}
