// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <ostream>
#include <streambuf>
#include <string>

#include "cli/sluicectl/screen.hpp"

namespace cli {

/// The output of one command on its way to the screen. It is held back until the screen would be
/// full; then $PAGER, or less, takes it. What is flushed before that is live and goes to the screen
/// at once, and so does all behind it. Without a pager all is passed on. SIGPIPE must be ignored:
/// once the reader has left the pager, the stream is no longer good().
class Pager : private std::streambuf {
public:
    /// `out` is the screen, and outlives it.
    Pager(std::ostream& out, const Screen& screen);
    /// Shows the rest, and waits until the reader has left the pager.
    ~Pager() override;
    Pager(const Pager&) = delete;
    Pager& operator=(const Pager&) = delete;

    std::ostream& stream() { return stream_; }

private:
    enum class Way { held, direct, piped };

    int_type overflow(int_type c) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int sync() override;

    bool write(std::string_view text);
    bool start();
    void wait() const;
    std::size_t lines_of(std::string_view text);

    std::ostream& out_;
    const Screen::Size size_;
    Way way_;
    std::string held_;
    std::size_t lines_ = 0;
    /// Bytes of the line under way.
    std::size_t begun_ = 0;
    int pipe_ = -1;
    pid_t child_ = -1;
    std::ostream stream_;
};

}  // namespace cli
