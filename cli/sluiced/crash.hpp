// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/engine.hpp"

namespace cli {

/// What the daemon says when it dies of SIGSEGV, SIGBUS, SIGABRT, SIGFPE or SIGILL: which signal,
/// at which address, in which thread, in which node of which plugin, and the way there. It goes to
/// stderr and to a file; then the signal has its way, a core dump where those are on.
///
/// A report that takes longer than some seconds is cut short: the process then dies of SIGALRM.
///
/// A worker keeps its node anyway, so this costs forwarding nothing. One at a time: a signal
/// handler finds it by a global pointer. Owned by main; made and destroyed on the control thread.
class CrashReport {
public:
    struct Options {
        /// Where the file goes, crash-<seconds since 1970>-<pid>.txt; none is written where this is
        /// empty.
        std::string directory;
        /// "0.1.0, GNU 12.2.0 RelWithDebInfo"
        std::string build;
        /// Code below these is a plugin's.
        std::vector<std::string> plugin_paths;
    };
    /// Takes the signals that nobody has taken; a sanitizer keeps its own. `engine`, whose workers
    /// are then known, must outlive it.
    CrashReport(Options options, const graph::Engine& engine);
    /// Gives them back.
    ~CrashReport();
    CrashReport(const CrashReport&) = delete;
    CrashReport& operator=(const CrashReport&) = delete;

private:
    static constexpr std::array signals = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

    static void handle(int signal, siginfo_t* info, void* context) noexcept;
    void write(int signal, const siginfo_t& info) noexcept;
    const graph::Worker* worker_of(pid_t thread) const noexcept;
    std::string_view plugin_of(const void* code) const noexcept;

    const Options options_;
    const graph::Engine& engine_;
    std::array<struct sigaction, signals.size()> before_{};
    std::array<bool, signals.size()> taken_{};
    /// For a control thread whose stack is used up.
    std::unique_ptr<std::byte[]> stack_;
};

}  // namespace cli
