// SPDX-License-Identifier: Apache-2.0
#include "api/config/session.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "api/config/files.hpp"

namespace api::config {

namespace {

constexpr std::size_t max_edits = 100000;

Session::Size size_of(const std::vector<Change>& changes) {
    Session::Size size;
    for (const Change& change : changes) {
        ++(change.sign == '-' ? size.removed : size.added);
    }
    return size;
}

absl::Status check_path(const std::string& path) {
    if (!std::filesystem::path(path).is_absolute()) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is not a full path; begin it with /", path));
    }
    return absl::OkStatus();
}

}  // namespace

Session::Session(const Registry& registry, boost::asio::io_context& control, Options options)
    : options_(std::move(options)), configuration_(registry), timer_(control) {
    if (!options_.startup_file.empty()) {
        std::vector<std::string> warnings;
        history_ = History::open(options_.startup_file + ".revisions", warnings);
        for (const std::string& warning : warnings) {
            warn(warning);
        }
    }
}

void Session::warn(const std::string& sentence) const {
    if (options_.on_warning) {
        options_.on_warning(sentence);
    }
}

absl::StatusOr<Document> Session::candidate() {
    absl::StatusOr<Document> document = base_ ? *base_ : running();
    return document.ok() ? with_edits(*std::move(document)) : document;
}

absl::StatusOr<Document> Session::candidate(const Document& running) {
    return with_edits(base_ ? *base_ : running);
}

absl::StatusOr<Document> Session::with_edits(Document document) {
    for (const std::string& edit : edits_) {
        // What it took back may have gone from the running configuration meanwhile.
        if (absl::Status status = configuration_.edit(document, edit);
            !status.ok() && !absl::IsNotFound(status)) {
            return absl::Status(status.code(),
                                fmt::format("the candidate's '{}' cannot be read any longer: {}; "
                                            "`discard` forgets the candidate",
                                            edit, std::string(status.message())));
        }
    }
    return document;
}

absl::StatusOr<std::pair<std::string, std::size_t>> Session::write(const std::string& path) {
    if (unconfirmed_) {
        return absl::FailedPreconditionError(
            "the last commit waits to be confirmed; `commit` confirms it, then write");
    }
    if (path.empty() && options_.startup_file.empty()) {
        return absl::FailedPreconditionError(
            "the daemon was started without a configuration file; name one, or start it with "
            "--config");
    }
    const std::string& to = path.empty() ? options_.startup_file : path;
    if (absl::Status status = path.empty() ? absl::OkStatus() : check_path(path); !status.ok()) {
        return status;
    }
    const auto document = running();
    if (!document.ok()) {
        return document.status();
    }
    if (absl::Status status = write_file(to, document->text()); !status.ok()) {
        return status;
    }
    return std::pair(to, document->size());
}

absl::Status Session::edit(const std::string& line) {
    if (edits_.size() >= max_edits) {
        return absl::ResourceExhaustedError(
            fmt::format("the candidate has {} edits, the most that it takes; `commit` or `discard` "
                        "them, or `candidate load` a file",
                        max_edits));
    }
    // What this does not know of what runs by now, the candidate made anew does.
    if (!latest_ || !configuration_.edit(*latest_, line).ok()) {
        latest_.reset();
        auto document = candidate();
        if (!document.ok()) {
            return document.status();
        }
        if (absl::Status status = configuration_.edit(*document, line); !status.ok()) {
            return status;
        }
        latest_ = *std::move(document);
    }
    edits_.push_back(line);
    return absl::OkStatus();
}

absl::Status Session::load(const std::string& path) {
    if (absl::Status status = check_path(path); !status.ok()) {
        return status;
    }
    const auto text = read_file(path);
    if (!text.ok()) {
        return text.status();
    }
    auto document = configuration_.read(*text, path);
    if (!document.ok()) {
        return document.status();
    }
    discard();
    base_ = *std::move(document);
    return absl::OkStatus();
}

absl::Status Session::rollback(std::uint64_t revision) {
    const auto found = history_.get(revision);
    if (!found.ok()) {
        return found.status();
    }
    auto document = configuration_.read((*found)->text, fmt::format("revision {}", revision));
    if (!document.ok()) {
        return document.status();
    }
    discard();
    base_ = *std::move(document);
    return absl::OkStatus();
}

void Session::discard() {
    base_.reset();
    edits_.clear();
    latest_.reset();
}

absl::StatusOr<std::vector<Change>> Session::difference(std::optional<std::uint64_t> revision) {
    const auto now = running();
    if (!now.ok()) {
        return now.status();
    }
    if (!revision) {
        const auto wanted = candidate(*now);
        if (!wanted.ok()) {
            return wanted.status();
        }
        return config::difference(*now, *wanted);
    }
    const auto found = history_.get(*revision);
    if (!found.ok()) {
        return found.status();
    }
    const auto then = configuration_.read((*found)->text, fmt::format("revision {}", *revision));
    if (!then.ok()) {
        return then.status();
    }
    return config::difference(*then, *now);
}

absl::StatusOr<Session::Size> Session::changes() {
    const auto changes = difference(std::nullopt);
    if (!changes.ok()) {
        return changes.status();
    }
    return size_of(*changes);
}

absl::StatusOr<Session::Size> Session::commit(std::string comment,
                                              std::optional<absl::Duration> confirm_within) {
    const auto before = running();
    if (!before.ok()) {
        return before.status();
    }
    const auto wanted = candidate(*before);
    if (!wanted.ok()) {
        return wanted.status();
    }
    const std::vector<Change> changes = config::difference(*before, *wanted);
    if (!changes.empty()) {
        if (absl::Status status = configuration_.apply(*wanted); !status.ok()) {
            return absl::Status(status.code(), fmt::format("nothing was changed: {}",
                                                           std::string(status.message())));
        }
        if (absl::Status kept = history_.add({absl::Now(), std::move(comment), before->text()});
            !kept.ok()) {
            warn(fmt::format("a revision is kept in memory only: {}", std::string(kept.message())));
        }
    }
    discard();
    if (confirm_within) {
        // Where one waits already, the way back is to what was confirmed last.
        unconfirmed_ = {unconfirmed_ ? std::move(unconfirmed_->before) : *before,
                        absl::Now() + *confirm_within};
        start_timer(*confirm_within);
    } else {
        unconfirmed_.reset();
        timer_.cancel();
    }
    return size_of(changes);
}

std::optional<absl::Duration> Session::confirm_within() const {
    if (!unconfirmed_) {
        return std::nullopt;
    }
    return std::max(absl::ZeroDuration(), unconfirmed_->until - absl::Now());
}

void Session::start_timer(absl::Duration time) {
    timer_.expires_after(absl::ToChronoNanoseconds(time));
    timer_.async_wait([this](const boost::system::error_code& error) {
        // A timer that was set anew while its handler was under way does not count.
        if (!error && unconfirmed_ && timer_.expiry() <= std::chrono::steady_clock::now()) {
            go_back();
        }
    });
}

void Session::go_back() {
    const Document before = std::move(unconfirmed_->before);
    unconfirmed_.reset();
    const auto now = running();
    const absl::Status status = configuration_.apply(before);
    reverted_ = utc(absl::Now());
    if (!status.ok()) {
        reverted_ += fmt::format(": {}", std::string(status.message()));
    } else if (now.ok()) {
        (void)history_.add({absl::Now(), "not confirmed", now->text()});
    }
    warn(status.ok() ? std::string("a commit was not confirmed; the router is as it was before")
                     : fmt::format("a commit was not confirmed, and the way back was refused: {}",
                                   std::string(status.message())));
}

}  // namespace api::config
