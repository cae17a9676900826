// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pager.hpp"

#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace cli {
namespace {

/// $PAGER in words, or less.
std::vector<std::string> pager_command() {
    const char* wanted = std::getenv("PAGER");
    std::vector<std::string> words =
        absl::StrSplit(wanted == nullptr ? "" : wanted, ' ', absl::SkipEmpty());
    if (words.empty()) {
        words = {"less"};
    }
    return words;
}

/// Starts a program with `input` as its standard input; -1 where there is none of that name.
pid_t spawn(const std::vector<std::string>& words, int input) {
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // The shell blocks and ignores signals that a pager wants.
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t child = -1;
    const int error =
        posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error == 0 ? child : -1;
}

}  // namespace

Pager::Pager(std::ostream& out, const Screen& screen)
    : out_(out),
      size_(screen.size()),
      way_(screen.pages && size_.rows > 2 ? Way::held : Way::direct),
      stream_(this) {}

Pager::~Pager() {
    if (way_ == Way::held) {
        out_ << held_;
    }
    if (way_ == Way::piped) {
        ::close(pipe_);
        wait();
    }
    out_.flush();
}

Pager::int_type Pager::overflow(int_type c) {
    const char text = traits_type::to_char_type(c);
    return xsputn(&text, 1) == 1 ? c : traits_type::eof();
}

std::streamsize Pager::xsputn(const char* text, std::streamsize size) {
    const std::string_view all(text, static_cast<std::size_t>(size));
    if (way_ != Way::held) {
        return write(all) ? size : 0;
    }
    held_ += all;
    lines_ += lines_of(all);
    // The last line is the prompt's.
    if (lines_ + 1 < size_.rows) {
        return size;
    }
    way_ = start() ? Way::piped : Way::direct;
    const std::string held = std::move(held_);
    held_.clear();
    return write(held) ? size : 0;
}

int Pager::sync() {
    if (way_ == Way::held && !held_.empty()) {
        way_ = Way::direct;
        out_ << held_;
        held_.clear();
    }
    if (way_ == Way::direct) {
        out_.flush();
    }
    return out_.good() ? 0 : -1;
}

/// How many lines of the screen the text ends.
std::size_t Pager::lines_of(std::string_view text) {
    std::size_t lines = 0;
    for (const char c : text) {
        if (c == '\n') {
            lines += 1 + (begun_ == 0 ? 0 : (begun_ - 1) / size_.columns);
            begun_ = 0;
        } else {
            ++begun_;
        }
    }
    return lines;
}

bool Pager::write(std::string_view text) {
    if (way_ == Way::direct) {
        out_ << text;
        return out_.good();
    }
    while (!text.empty()) {
        const ssize_t done = ::write(pipe_, text.data(), text.size());
        if (done < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
    }
    return true;
}

bool Pager::start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    out_.flush();
    child_ = spawn(pager_command(), ends[0]);
    ::close(ends[0]);
    if (child_ < 0) {
        ::close(ends[1]);
        return false;
    }
    pipe_ = ends[1];
    return true;
}

void Pager::wait() const {
    int status = 0;
    while (true) {
        const pid_t child = ::waitpid(child_, &status, WUNTRACED);
        if (child < 0 && errno == EINTR) {
            continue;
        }
        if (child < 0 || !WIFSTOPPED(status)) {
            return;
        }
        // Ctrl-Z in the pager stops both, and they go on together.
        ::raise(SIGSTOP);
        ::kill(child_, SIGCONT);
    }
}

}  // namespace cli
