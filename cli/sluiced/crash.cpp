// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/crash.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "cli/sluiced/crash_text.hpp"

namespace cli {

namespace {

constexpr int most_frames = 64;
constexpr size_t stack_bytes = 64 * 1024;
/// A log that nobody reads, or a lock that nobody gives back, must not keep a dead daemon from
/// being started again.
constexpr unsigned most_seconds = 5;
constexpr std::string_view suffix = ".so";

/// The one thing that a signal handler can know.
std::atomic<CrashReport*> the_report{nullptr};
/// The thread that reports; others that crash meanwhile wait for the end.
std::atomic<pid_t> reporter{0};

std::string_view name_of(int signal) noexcept {
    switch (signal) {
        case SIGSEGV:
            return "SIGSEGV";
        case SIGBUS:
            return "SIGBUS";
        case SIGABRT:
            return "SIGABRT";
        case SIGFPE:
            return "SIGFPE";
        case SIGILL:
            return "SIGILL";
        default:
            return "a signal";
    }
}

/// Not one that somebody sent: running on would run into it again.
bool is_fault(const siginfo_t& info) noexcept {
    return info.si_code > 0 && info.si_signo != SIGABRT;
}

}  // namespace

CrashReport::CrashReport(Options options, const graph::Engine& engine)
    : options_(std::move(options)),
      engine_(engine),
      stack_(std::make_unique<std::byte[]>(stack_bytes)) {
    // The first call loads the unwinder, which takes memory; later ones do not.
    void* frames[2];
    (void)backtrace(frames, 2);
    stack_t stack{};
    stack.ss_sp = stack_.get();
    stack.ss_size = stack_bytes;
    sigaltstack(&stack, nullptr);
    the_report.store(this);
    struct sigaction action {};
    action.sa_sigaction = &CrashReport::handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < signals.size(); ++i) {
        sigaction(signals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler == SIG_DFL) {
            taken_[i] = sigaction(signals[i], &action, nullptr) == 0;
        }
    }
}

CrashReport::~CrashReport() {
    for (size_t i = 0; i < signals.size(); ++i) {
        if (taken_[i]) {
            sigaction(signals[i], &before_[i], nullptr);
        }
    }
    the_report.store(nullptr);
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
}

void CrashReport::handle(int signal, siginfo_t* info, void*) noexcept {
    const pid_t self = gettid();
    pid_t nobody = 0;
    if (reporter.compare_exchange_strong(nobody, self)) {
        ::signal(SIGALRM, SIG_DFL);
        alarm(most_seconds);
        if (CrashReport* report = the_report.load()) {
            report->write(signal, *info);
        }
    } else if (nobody != self) {
        for (;;) {
            pause();
        }
    }
    // A fault comes again when the instruction is tried again; all others are sent again. Either
    // way the process ends as if nobody had looked.
    ::signal(signal, SIG_DFL);
    if (!is_fault(*info)) {
        raise(signal);
    }
}

const graph::Worker* CrashReport::worker_of(pid_t thread) const noexcept {
    for (const auto& worker : engine_.workers()) {
        if (worker->thread_id() == thread) {
            return worker.get();
        }
    }
    return nullptr;
}

/// The name of the plugin that the code is in; empty where it is in none.
std::string_view CrashReport::plugin_of(const void* code) const noexcept {
    Dl_info object{};
    if (dladdr(code, &object) == 0 || object.dli_fname == nullptr) {
        return {};
    }
    const std::string_view file(object.dli_fname);
    const size_t slash = file.rfind('/');
    const bool is_plugin =
        slash != std::string_view::npos && file.ends_with(suffix) &&
        std::any_of(options_.plugin_paths.begin(), options_.plugin_paths.end(),
                    [&](const std::string& path) { return file.substr(0, slash) == path; });
    return is_plugin ? file.substr(slash + 1, file.size() - slash - 1 - suffix.size())
                     : std::string_view();
}

void CrashReport::write(int signal, const siginfo_t& info) noexcept {
    const pid_t thread = gettid();
    void* frames[most_frames];
    const int depth = backtrace(frames, most_frames);

    CrashText text;
    text << "sluiced dies of " << name_of(signal);
    if (is_fault(info)) {
        text << " at address " << info.si_addr;
    }
    const graph::Worker* const worker = worker_of(thread);
    const auto running =
        worker != nullptr ? worker->dispatch().running() : graph::Dispatch::Running{};
    if (!running.node.empty()) {
        text << " in node '" << running.node << "'";
        if (running.owner != "core") {
            text << " of plugin '" << running.owner << "'";
        }
        text << "\n";
    } else {
        std::string_view plugin;
        for (int i = 0; i < depth && plugin.empty(); ++i) {
            plugin = plugin_of(frames[i]);
        }
        text << (plugin.empty() ? " in no plugin" : " in code of plugin '") << plugin
             << (plugin.empty() ? "\n" : "'\n");
    }
    text << "thread: " << thread;
    if (worker != nullptr) {
        text << ", worker " << worker->index();
    } else if (thread == getpid()) {
        text << ", control";
    }
    text << "\nprocess: " << getpid() << "\nbuild: " << options_.build << "\nbacktrace:\n";

    CrashText path;
    int file = -1;
    if (!options_.directory.empty()) {
        path << options_.directory << "/crash-" << time(nullptr) << "-" << getpid() << ".txt";
        file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    }
    // The file takes all of it; who reads the other one may have hung up.
    for (const int fd : {file, STDERR_FILENO}) {
        if (fd >= 0) {
            text.write_to(fd);
            backtrace_symbols_fd(frames, depth, fd);
        }
    }
    if (file >= 0) {
        close(file);
        CrashText where;
        where << "this report: " << path.view() << "\n";
        where.write_to(STDERR_FILENO);
    }
}

}  // namespace cli
