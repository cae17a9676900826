// SPDX-License-Identifier: Apache-2.0
#include "api/client/client.hpp"

#include <fmt/format.h>

#include <utility>

#include "api/client/connection.hpp"
#include "api/client/sink_writer.hpp"
#include "api/client/stream.hpp"

namespace api {

class Client::Impl {
public:
    Impl(std::shared_ptr<Connection> given_connection, absl::Duration given_timeout)
        : timeout(given_timeout), connection(std::move(given_connection)) {}

    const absl::Duration timeout;
    const std::shared_ptr<Connection> connection;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::connect(const std::string& unix_path,
                                                        absl::Duration timeout) {
    return open(std::make_shared<UnixConnection>(unix_path, timeout), timeout);
}

absl::StatusOr<std::unique_ptr<Client>> Client::connect(const Remote& remote,
                                                        absl::Duration timeout) {
    const auto colon = remote.address.rfind(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == remote.address.size()) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no address of a daemon: give host:port, as in router.example:9443",
                        remote.address));
    }
    return open(std::make_shared<TlsConnection>(remote), timeout);
}

absl::StatusOr<std::unique_ptr<Client>> Client::open(std::shared_ptr<Connection> connection,
                                                     absl::Duration timeout) {
    if (auto channel = connection->channel(); !channel.ok()) {
        return channel.status();
    }
    return std::unique_ptr<Client>(
        new Client(std::make_unique<Impl>(std::move(connection), timeout)));
}

absl::StatusOr<sluice::DescribeReply> Client::describe(const sluice::DescribeRequest& request,
                                                       std::optional<absl::Duration> timeout) {
    sluice::DescribeReply reply;
    auto status = call(
        "sluice.Describe.Get", request, reply,
        [](const google::protobuf::Message&) { return true; }, timeout.value_or(impl_->timeout));
    if (!status.ok()) {
        return status;
    }
    return reply;
}

std::size_t Client::connections() const {
    return impl_->connection->connections();
}

absl::Status Client::call(std::string_view full_method, const google::protobuf::Message& request,
                          google::protobuf::Message& reply_scratch,
                          const std::function<bool(const google::protobuf::Message&)>& on_reply,
                          absl::Duration timeout, std::stop_token stop) {
    auto channel = impl_->connection->channel();
    if (!channel.ok()) {
        return channel.status();
    }
    Stream stream(*channel, full_method, timeout);
    const std::stop_callback on_stop(stop, [&stream] { stream.cancel(); });
    stream.write(request, true);
    while (stream.read(reply_scratch)) {
        if (!on_reply(reply_scratch)) {
            return absl::OkStatus();
        }
    }
    const auto status = stream.finish();
    return impl_->connection->explain(status, full_method, timeout, stop.stop_requested());
}

absl::StatusOr<SinkWriter> Client::open_sink(std::string_view full_method, absl::Duration timeout) {
    auto channel = impl_->connection->channel();
    if (!channel.ok()) {
        return channel.status();
    }
    return SinkWriter(std::make_unique<SinkWriter::Impl>(impl_->connection, *channel,
                                                         std::string(full_method), timeout));
}

}  // namespace api
