// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace cli {
namespace {

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

}  // namespace

std::string Screen::paint(std::string_view text, std::string_view sgr) const {
    if (!colours) {
        return std::string(text);
    }
    return "\x1b[" + std::string(sgr) + "m" + std::string(text) + "\x1b[0m";
}

Screen Screen::of(int descriptor) {
    Screen screen;
    if (::isatty(descriptor) == 0) {
        return screen;
    }
    screen.size = [descriptor] {
        winsize size{};
        if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
            return Size{80, 24};
        }
        return Size{size.ws_col, size.ws_row};
    };
    const char* term = std::getenv("TERM");
    const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
    screen.colours = !dumb && !is_set("NO_COLOR");
    return screen;
}

}  // namespace cli
