// SPDX-License-Identifier: Apache-2.0
#include "api/config/service.hpp"

#include <fmt/format.h>

#include <memory>

#include "api/config/files.hpp"
#include "api/proto/config.pb.h"
#include "api/proto/types.pb.h"

namespace api::config {

namespace {

constexpr std::uint32_t most_minutes = 1440;
constexpr std::size_t longest_comment = 200;

absl::StatusOr<sluice::Empty> empty(const absl::Status& status) {
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

/// The lines of a text, one a call.
ItemSource<sluice::ConfigLine> lines(std::string text) {
    return [text = std::move(text), at = std::size_t{0}](sluice::ConfigLine& item) mutable {
        if (at >= text.size()) {
            return false;
        }
        const std::size_t end = std::min(text.find('\n', at), text.size());
        item.set_line(text.substr(at, end - at));
        at = end + 1;
        return true;
    };
}

absl::StatusOr<ItemSource<sluice::ConfigLine>> lines(const absl::StatusOr<Document>& document) {
    if (!document.ok()) {
        return document.status();
    }
    return lines(document->text());
}

absl::StatusOr<ItemSource<sluice::ConfigLine>> startup(const Session& session) {
    if (session.startup_file().empty()) {
        return absl::FailedPreconditionError(
            "the daemon was started without a configuration file, and starts empty next time; "
            "start it with --config");
    }
    auto text = read_file(session.startup_file());
    if (!text.ok()) {
        return text.status();
    }
    return lines(*std::move(text));
}

absl::StatusOr<sluice::WrittenConfig> write(Session& session,
                                            const sluice::WriteConfigRequest& request) {
    if (request.has_file() && request.file().empty()) {
        return absl::InvalidArgumentError("the file has no name; give its full path");
    }
    const auto written = session.write(request.file());
    if (!written.ok()) {
        return written.status();
    }
    sluice::WrittenConfig reply;
    reply.set_file(written->first);
    reply.set_lines(written->second);
    return reply;
}

absl::StatusOr<ItemSource<sluice::ConfigChange>> difference(
    Session& session, const sluice::DiffConfigRequest& request) {
    const auto changes = session.difference(
        request.has_revision() ? std::optional<std::uint64_t>(request.revision()) : std::nullopt);
    if (!changes.ok()) {
        return changes.status();
    }
    std::vector<sluice::ConfigChange> all;
    for (const Change& change : *changes) {
        all.emplace_back().set_change(fmt::format("{} {}", change.sign, change.line));
    }
    return items(std::move(all));
}

absl::StatusOr<sluice::CommitReply> commit(Session& session, const sluice::CommitRequest& request) {
    if (request.has_confirmed() &&
        (request.confirmed() == 0 || request.confirmed() > most_minutes)) {
        return absl::OutOfRangeError(fmt::format("{} minutes are out of range; give 1 to {}",
                                                 request.confirmed(), most_minutes));
    }
    if (request.comment().size() > longest_comment) {
        return absl::OutOfRangeError(fmt::format("the comment has {} characters; it may have {}",
                                                 request.comment().size(), longest_comment));
    }
    std::optional<absl::Duration> confirm;
    if (request.has_confirmed()) {
        confirm = absl::Minutes(request.confirmed());
    }
    const auto size = session.commit(request.comment(), confirm);
    if (!size.ok()) {
        return size.status();
    }
    sluice::CommitReply reply;
    reply.set_removed(size->removed);
    reply.set_added(size->added);
    if (confirm) {
        reply.set_confirm_within(std::uint64_t(absl::ToInt64Seconds(*confirm)));
    }
    return reply;
}

absl::StatusOr<ItemSource<sluice::Revision>> revisions(const Session& session) {
    std::vector<sluice::Revision> all;
    for (const History::Revision& revision : session.history().all()) {
        sluice::Revision& message = all.emplace_back();
        message.set_revision(std::uint32_t(all.size()));
        message.set_until(utc(revision.until));
        message.set_comment(revision.comment);
        message.set_lines(
            std::uint64_t(std::count(revision.text.begin(), revision.text.end(), '\n')));
    }
    return items(std::move(all));
}

absl::StatusOr<sluice::ConfigState> state(Session& session) {
    const auto changes = session.changes();
    if (!changes.ok()) {
        return changes.status();
    }
    sluice::ConfigState reply;
    reply.set_removed(changes->removed);
    reply.set_added(changes->added);
    if (const auto left = session.confirm_within()) {
        reply.set_confirm_within(
            std::uint64_t(absl::ToInt64Seconds(absl::Ceil(*left, absl::Seconds(1)))));
    }
    reply.set_reverted(session.reverted());
    reply.set_startup_file(session.startup_file());
    return reply;
}

}  // namespace

absl::Status add_config(Registry& registry, boost::asio::io_context& control,
                        Session::Options options) {
    const auto session = std::make_shared<Session>(registry, control, std::move(options));
    absl::Status status;
    status.Update(registry.add_list<sluice::RunningConfigRequest, sluice::ConfigLine>(
        "sluice.Config.Running", [session](const auto&) { return lines(session->running()); }));
    status.Update(registry.add_list<sluice::StartupConfigRequest, sluice::ConfigLine>(
        "sluice.Config.Startup", [session](const auto&) { return startup(*session); }));
    status.Update(registry.add_unary<sluice::WriteConfigRequest, sluice::WrittenConfig>(
        "sluice.Config.Write",
        [session](const auto& request) { return write(*session, request); }));
    status.Update(registry.add_unary<sluice::EditConfigRequest, sluice::Empty>(
        "sluice.Config.Edit",
        [session](const auto& request) { return empty(session->edit(request.line())); }));
    status.Update(registry.add_list<sluice::CandidateRequest, sluice::ConfigLine>(
        "sluice.Config.Candidate", [session](const auto&) { return lines(session->candidate()); }));
    status.Update(registry.add_unary<sluice::LoadConfigRequest, sluice::Empty>(
        "sluice.Config.Load",
        [session](const auto& request) { return empty(session->load(request.file())); }));
    status.Update(registry.add_list<sluice::DiffConfigRequest, sluice::ConfigChange>(
        "sluice.Config.Diff",
        [session](const auto& request) { return difference(*session, request); }));
    status.Update(registry.add_unary<sluice::CommitRequest, sluice::CommitReply>(
        "sluice.Config.Commit",
        [session](const auto& request) { return commit(*session, request); }));
    status.Update(registry.add_unary<sluice::DiscardRequest, sluice::Empty>(
        "sluice.Config.Discard", [session](const auto&) -> absl::StatusOr<sluice::Empty> {
            session->discard();
            return sluice::Empty();
        }));
    status.Update(registry.add_unary<sluice::RollbackRequest, sluice::Empty>(
        "sluice.Config.Rollback",
        [session](const auto& request) { return empty(session->rollback(request.revision())); }));
    status.Update(registry.add_list<sluice::RevisionsRequest, sluice::Revision>(
        "sluice.Config.Revisions", [session](const auto&) { return revisions(*session); }));
    status.Update(registry.add_unary<sluice::ConfigStateRequest, sluice::ConfigState>(
        "sluice.Config.State", [session](const auto&) { return state(*session); }));
    return status;
}

}  // namespace api::config
