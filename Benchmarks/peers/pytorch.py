"""PyTorch: eager, channels-last, with fused Adam, or compiled."""

import common

options = common.arguments(
    mode=dict(default="eager", choices=["eager", "channels-last", "fused-adam", "compile"])
)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)

# By the names of citius-bench.
MODELS = {
    "document-cnn": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 64), nn.ReLU(), nn.Dropout(0.25), nn.Linear(64, 10),
    )
}

(images, labels), (test_images, test_labels) = common.load(options)
train_x = torch.tensor(images).permute(0, 3, 1, 2).contiguous()
train_y = torch.tensor(labels).long()
test_x = torch.tensor(test_images).permute(0, 3, 1, 2).contiguous()
test_y = torch.tensor(test_labels).long()
layout = torch.channels_last if options.mode == "channels-last" else torch.contiguous_format


def batch(source, indices):
    return (source[indices].float() / 255).contiguous(memory_format=layout)


model = MODELS[options.model]().to(memory_format=layout)
optimizer = torch.optim.Adam(model.parameters(), eps=1e-7, fused=options.mode == "fused-adam")
step = torch.compile(model) if options.mode == "compile" else model
batch(train_x, slice(0, options.batch_size))
startup = common.process_age()


def epoch():
    model.train()
    order = torch.randperm(len(train_x))
    loss_sum = correct = 0.0
    for start in range(0, len(order), options.batch_size):
        chosen = order[start : start + options.batch_size]
        y = train_y[chosen]
        output = step(batch(train_x, chosen))
        loss = F.cross_entropy(output, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        # The running loss and accuracy, as Keras and Citius keep them.
        loss_sum += loss.item() * len(y)
        correct += (output.argmax(1) == y).sum().item()


def evaluate():
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(test_x), 256):
            chosen = slice(start, start + 256)
            output = model(batch(test_x, chosen))
            F.cross_entropy(output, test_y[chosen]).item()
            (output.argmax(1) == test_y[chosen]).sum().item()
    return len(test_x)


image = batch(test_x, slice(0, 1))


def predict():
    with torch.inference_mode():
        model(image).softmax(1)


name = "pytorch" if options.mode == "eager" else "pytorch-" + options.mode
common.measure(name, options, startup, epoch, evaluate, predict)
