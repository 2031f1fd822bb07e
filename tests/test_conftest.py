def test_the_first_test_that_imports_torch_draws_as_any_other():
    import torch

    seeded = torch.Generator().manual_seed(0)
    assert torch.rand(1) == torch.rand(1, generator=seeded)
