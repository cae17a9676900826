// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cli {

/// What a person sees of the output. A script sees nothing: then all is as wide and as long as it
/// is, without colours.
struct Screen {
    struct Size {
        /// Both 0 where it is no terminal.
        std::size_t columns = 0;
        std::size_t rows = 0;
    };

    /// As it is now: windows change.
    std::function<Size()> size = [] { return Size(); };
    bool colours = false;
    /// What is longer than the screen goes through a pager.
    bool pages = false;

    bool is_terminal() const { return size().columns > 0; }

    /// The text in a colour of SGR ("1" for bold, "31" for red), where there are colours.
    std::string paint(std::string_view text, std::string_view sgr) const;

    /// The screen behind a descriptor. No colours where NO_COLOR is set or the terminal is dumb.
    static Screen of(int descriptor);
};

}  // namespace cli
