// SPDX-License-Identifier: Apache-2.0
#include "api/server/server.hpp"

#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "api/grpc_lifetime.hpp"
#include "api/server/authority.hpp"
#include "api/server/call.hpp"
#include "api/server/certificates.hpp"
#include "api/server/connections.hpp"
#include "api/server/hub.hpp"
#include "api/server/listener.hpp"

namespace api {
namespace {

/// "/sluice.Routes/Add", as gRPC names it on the wire, is "sluice.Routes.Add".
std::string registered_name(std::string wire_name) {
    std::replace(wire_name.begin(), wire_name.end(), '/', '.');
    return wire_name.substr(wire_name.starts_with('.') ? 1 : 0);
}

/// The only gRPC service: it asks who may call, finds the method in the registry, makes the call.
class Front final : public grpc::CallbackGenericService {
public:
    Front(std::shared_ptr<Hub> hub, std::unique_ptr<Authority> authority,
          std::function<void(const AuditedCall&)> on_write)
        : hub_(std::move(hub)), authority_(std::move(authority)), on_write_(std::move(on_write)) {}

    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        const std::string name = registered_name(context->method());
        Call::Parts parts{.hub = hub_, .method = hub_->registry().find(name), .context = context};
        if (auto status = verdict(*context, parts.method.get(), name); !status.ok()) {
            return Call::refuse(std::move(parts), status);
        }
        return Call::start(std::move(parts));
    }

private:
    absl::Status verdict(const grpc::CallbackServerContext& context, const Method* method,
                         const std::string& name) const {
        const bool writes = method != nullptr && method->role() == Role::write;
        auto status = authority_->check(context, writes ? Role::write : Role::read, name);
        if (writes && on_write_) {
            on_write_({authority_->caller(context), name, status});
        }
        if (status.ok() && method == nullptr) {
            status = absl::UnimplementedError(
                fmt::format("this daemon serves no method {}: is the plugin that brings it loaded?",
                            name.substr(0, longest_name)));
        }
        return status;
    }

    /// Of a name that a client made up, so much is repeated.
    static constexpr std::size_t longest_name = 200;

    const std::shared_ptr<Hub> hub_;
    const std::unique_ptr<Authority> authority_;
    const std::function<void(const AuditedCall&)> on_write_;
};

/// What decides for the place that the options name.
absl::StatusOr<std::unique_ptr<Authority>> make_authority(const Server::Options& options,
                                                          const Connections& connections) {
    if (!options.tls) {
        return socket_authority(options.role, connections);
    }
    auto roles = RoleFile::open(options.tls->roles_file, options.on_warning);
    if (!roles.ok()) {
        return roles.status();
    }
    return certificate_authority(*std::move(roles));
}

std::string place_of(const Server::Options& options) {
    return options.tls ? to_string(options.tls->address) : options.unix_path;
}

}  // namespace

class Server::Impl {
public:
    Impl(Registry& registry, boost::asio::io_context& control, Options options)
        : options_(std::move(options)),
          connections_(options_.max_connections),
          hub_(std::make_shared<Hub>(registry, control, options_.max_request_bytes)) {}

    ~Impl() { stop(); }

    absl::Status start() {
        if (options_.tls) {
            auto opened = Certificates::open(options_.tls->files, options_.on_warning);
            if (!opened.ok()) {
                return opened.status();
            }
            certificates_ = *std::move(opened);
        }
        auto authority = make_authority(options_, connections_);
        if (!authority.ok()) {
            return authority.status();
        }
        auto listener =
            options_.tls ? Listener::open(options_.tls->address) : Listener::open(options_);
        if (!listener.ok()) {
            return listener.status();
        }
        listener_ = *std::move(listener);
        address_ = listener_->address();
        front_ = std::make_unique<Front>(hub_, *std::move(authority), options_.on_write);
        if (!start_grpc()) {
            return absl::InternalError(
                fmt::format("gRPC does not start a server for {}", place_of(options_)));
        }
        listener_->serve(
            hub_->egress().context(),
            [this](int fd, const Peer& peer) {
                connections_.add(fd, peer);
                admit(fd);
            },
            [this] { return has_room(); });
        if (certificates_ != nullptr) {
            hub_->egress().post([this] {
                refresh_timer_.emplace(hub_->egress().context());
                refresh_later();
            });
        }
        return absl::OkStatus();
    }

    void stop() {
        if (listener_ == nullptr) {
            return;
        }
        std::promise<void> closed;
        hub_->egress().post([&] {
            listener_->close();
            refresh_timer_.reset();
            closed.set_value();
        });
        closed.get_future().wait();
        hub_->end_all(absl::UnavailableError("the daemon is stopping"));
        if (grpc_ != nullptr) {
            grpc_->Shutdown(absl::ToChronoTime(absl::Now() + options_.stop_timeout));
            grpc_.reset();
        }
        hub_->egress().stop();
        listener_.reset();
    }

    const TcpAddress& address() const { return address_; }

private:
    bool start_grpc() {
        keep_grpc();
        grpc::ServerBuilder builder;
        builder.RegisterCallbackGenericService(front_.get());
        builder.SetMaxReceiveMessageSize(options_.max_receive_bytes);
        builder.SetResourceQuota(
            grpc::ResourceQuota("sluice-api").Resize(options_.max_transport_bytes));
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_concurrent_calls);
        const int keepalive_ms = static_cast<int>(absl::ToInt64Milliseconds(options_.keepalive));
        builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
        builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
        builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
        // Else it asks twice and no more while the client has nothing to say.
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
        if (options_.tls) {
            using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
            builder.AddChannelArgument(
                GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                static_cast<int>(absl::ToInt64Milliseconds(options_.tls->handshake_timeout)));
            acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
                External::FROM_FD, certificates_->credentials());
        }
        grpc_ = builder.BuildAndStart();
        return grpc_ != nullptr;
    }

    /// Gives a connection to gRPC.
    void admit(int fd) {
        if (acceptor_ == nullptr) {
            grpc::AddInsecureChannelFromFd(grpc_.get(), fd);
            return;
        }
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
        parameters.fd = fd;
        acceptor_->HandleNewConnection(&parameters);
    }

    /// Egress thread.
    void refresh_later() {
        refresh_timer_->expires_after(absl::ToChronoMilliseconds(options_.tls->refresh));
        refresh_timer_->async_wait([this](const boost::system::error_code& error) {
            if (!error && refresh_timer_) {
                certificates_->refresh();
                refresh_later();
            }
        });
    }

    bool has_room() {
        const bool has = connections_.has_room();
        if (!has && !is_full_ && options_.on_warning) {
            options_.on_warning(fmt::format(
                "{} has {} connections, which is the most: others wait until one is closed",
                place_of(options_), options_.max_connections));
        }
        is_full_ = !has;
        return has;
    }

    const Options options_;
    Connections connections_;
    const std::shared_ptr<Hub> hub_;
    std::unique_ptr<Listener> listener_;
    TcpAddress address_;
    /// Null for a Unix socket, as is the acceptor.
    std::unique_ptr<Certificates> certificates_;
    std::optional<boost::asio::steady_timer> refresh_timer_;
    std::unique_ptr<Front> front_;
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
    std::unique_ptr<grpc::Server> grpc_;
    /// Egress thread: nobody was let in when last asked.
    bool is_full_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::start(Registry& registry,
                                                      boost::asio::io_context& control,
                                                      Options options) {
    auto impl = std::make_unique<Impl>(registry, control, std::move(options));
    if (auto status = impl->start(); !status.ok()) {
        return status;
    }
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::stop() {
    impl_->stop();
}

const TcpAddress& Server::address() const {
    return impl_->address();
}

}  // namespace api
