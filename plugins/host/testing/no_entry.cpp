// SPDX-License-Identifier: Apache-2.0

namespace {
/// An object with a stamp and no entry; it must never be mapped.
[[gnu::constructor]] void mapped() {
    __builtin_trap();
}
}  // namespace
