// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cli {

/// Text of fixed room, made without memory and without locks: for signal handlers. What does not
/// fit is left out.
class CrashText {
public:
    CrashText& operator<<(std::string_view text) noexcept {
        const size_t fits = text.size() < room() ? text.size() : room();
        std::memcpy(text_ + size_, text.data(), fits);
        size_ += fits;
        return *this;
    }
    CrashText& operator<<(const char* text) noexcept { return *this << std::string_view(text); }
    CrashText& operator<<(std::integral auto number) noexcept { return add(number, 10); }
    CrashText& operator<<(const void* address) noexcept {
        *this << "0x";
        return add(reinterpret_cast<uintptr_t>(address), 16);
    }

    /// Ends with a zero that does not count.
    const char* c_str() noexcept {
        text_[size_] = '\0';
        return text_;
    }
    std::string_view view() const noexcept { return {text_, size_}; }
    /// To a descriptor, as far as it takes it.
    void write_to(int fd) const noexcept {
        for (size_t done = 0; done < size_;) {
            const ssize_t count = ::write(fd, text_ + done, size_ - done);
            if (count <= 0) {
                return;
            }
            done += size_t(count);
        }
    }

private:
    size_t room() const noexcept { return sizeof(text_) - 1 - size_; }
    CrashText& add(std::integral auto number, int base) noexcept {
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof(digits), number, base).ptr;
        return *this << std::string_view(digits, size_t(end - digits));
    }

    char text_[2048];
    size_t size_ = 0;
};

}  // namespace cli
