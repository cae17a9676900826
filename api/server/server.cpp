// SPDX-License-Identifier: Apache-2.0
#include "api/server/server.hpp"

#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <future>
#include <string>
#include <utility>

#include "api/server/call.hpp"
#include "api/server/hub.hpp"
#include "api/server/listener.hpp"

namespace api {
namespace {

/// "/sluice.Routes/Add", as gRPC names it on the wire, is "sluice.Routes.Add".
std::string registered_name(std::string wire_name) {
    std::replace(wire_name.begin(), wire_name.end(), '/', '.');
    return wire_name.substr(wire_name.starts_with('.') ? 1 : 0);
}

/// The only gRPC service: it finds the method in the registry, checks the role, makes the call.
class Front final : public grpc::CallbackGenericService {
public:
    Front(std::shared_ptr<Hub> hub, Role role) : hub_(std::move(hub)), role_(role) {}

    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        const std::string name = registered_name(context->method());
        Call::Parts parts{.hub = hub_, .method = hub_->registry().find(name), .context = context};
        if (parts.method == nullptr) {
            return Call::refuse(
                std::move(parts),
                absl::UnimplementedError(fmt::format(
                    "this daemon serves no method {}: is the plugin that brings it loaded?",
                    name)));
        }
        if (parts.method->role() == Role::write && role_ == Role::read) {
            return Call::refuse(std::move(parts), absl::PermissionDeniedError(fmt::format(
                                                      "{} changes something, and this socket only "
                                                      "lets read: use the socket of the role write",
                                                      name)));
        }
        return Call::start(std::move(parts));
    }

private:
    const std::shared_ptr<Hub> hub_;
    const Role role_;
};

}  // namespace

class Server::Impl {
public:
    Impl(Registry& registry, boost::asio::io_context& control, Options options,
         std::unique_ptr<Listener> listener)
        : options_(std::move(options)),
          listener_(std::move(listener)),
          hub_(std::make_shared<Hub>(registry, control)),
          front_(hub_, options_.role) {}

    ~Impl() { stop(); }

    absl::Status start() {
        grpc::ServerBuilder builder;
        builder.RegisterCallbackGenericService(&front_);
        builder.SetMaxReceiveMessageSize(options_.max_receive_bytes);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_concurrent_calls);
        grpc_ = builder.BuildAndStart();
        if (grpc_ == nullptr) {
            return absl::InternalError(
                fmt::format("gRPC does not start a server for {}", options_.unix_path));
        }
        listener_->serve(hub_->egress().context(), [this](int fd, const Peer& peer) {
            if (options_.on_connect) {
                options_.on_connect(peer);
            }
            grpc::AddInsecureChannelFromFd(grpc_.get(), fd);
        });
        return absl::OkStatus();
    }

    void stop() {
        if (listener_ == nullptr) {
            return;
        }
        std::promise<void> closed;
        hub_->egress().post([&] {
            listener_->close();
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

private:
    const Options options_;
    std::unique_ptr<Listener> listener_;
    const std::shared_ptr<Hub> hub_;
    Front front_;
    std::unique_ptr<grpc::Server> grpc_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::start(Registry& registry,
                                                      boost::asio::io_context& control,
                                                      Options options) {
    auto listener = Listener::open(options);
    if (!listener.ok()) {
        return listener.status();
    }
    auto impl = std::make_unique<Impl>(registry, control, std::move(options), *std::move(listener));
    if (auto status = impl->start(); !status.ok()) {
        return status;
    }
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::stop() {
    impl_->stop();
}

}  // namespace api
