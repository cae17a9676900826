// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "api/testing/temp_dir.hpp"

namespace cli {

using api::testing::TempDir;

/// What a program left behind.
struct Finished {
    int exit = -1;
    std::string out;
    std::string err;
};

/// Replaces this process; the strings outlive nothing else.
[[noreturn]] inline void become(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
}

inline int wait_exit(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Runs a program to its end, with `in` as its input.
inline Finished run_program(const std::vector<std::string>& arguments, const std::string& in = "") {
    const TempDir directory;
    std::ofstream(directory.file("in")) << in;
    const std::string names[] = {directory.file("in"), directory.file("out"),
                                 directory.file("err")};
    const pid_t child = ::fork();
    if (child == 0) {
        if (::freopen(names[0].c_str(), "r", stdin) == nullptr ||
            ::freopen(names[1].c_str(), "w", stdout) == nullptr ||
            ::freopen(names[2].c_str(), "w", stderr) == nullptr) {
            ::_exit(126);
        }
        become(arguments);
    }
    const auto text = [](const std::string& name) {
        std::stringstream all;
        all << std::ifstream(name).rdbuf();
        return all.str();
    };
    Finished finished;
    finished.exit = wait_exit(child);
    finished.out = text(names[1]);
    finished.err = text(names[2]);
    return finished;
}

/// A program on a terminal of its own.
class Terminal {
public:
    explicit Terminal(const std::vector<std::string>& arguments) {
        const winsize size{24, 100, 0, 0};
        child_ = ::forkpty(&fd_, nullptr, nullptr, &size);
        if (child_ == 0) {
            ::setenv("TERM", "xterm", 1);
            become(arguments);
        }
    }

    ~Terminal() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            wait_exit(child_);
        }
        ::close(fd_);
    }

    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& keys) {
        seen_.clear();
        if (::write(fd_, keys.data(), keys.size()) < 0) {
            seen_ = "(the terminal is closed)";
        }
    }

    /// Waits until the program has shown `text` since the last type(); false after twenty seconds.
    bool shows(const std::string& text) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (seen_.find(text) == std::string::npos) {
            pollfd ready{fd_, POLLIN, 0};
            char bytes[4096];
            const bool late = std::chrono::steady_clock::now() > deadline;
            if (late || ::poll(&ready, 1, 100) < 0) {
                return false;
            }
            if (ready.revents == 0) {
                continue;
            }
            const ssize_t count = ::read(fd_, bytes, sizeof bytes);
            if (count <= 0) {
                return false;
            }
            seen_.append(bytes, static_cast<std::size_t>(count));
        }
        return true;
    }

    const std::string& seen() const { return seen_; }

    /// Waits for the program's end.
    int exit() {
        const pid_t child = child_;
        child_ = -1;
        return wait_exit(child);
    }

private:
    int fd_ = -1;
    pid_t child_ = -1;
    std::string seen_;
};

}  // namespace cli
